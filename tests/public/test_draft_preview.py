"""A draft as a student will see it, for its author and staff alone (L-1, L-6, L-8)."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.db import db, unguarded
from backoffice.models.content import Lecture, LectureKind
from backoffice.models.courses import Course
from backoffice.operations import content
from tests.factories.courses import live_course, upload
from tests.factories.people import Cast, log_in

MARKER = "Zylinderhut"


def changed(cast: Cast) -> tuple[Course, int]:
    """A published course with a draft in which one lecture has other words; and that lecture's node."""
    course = live_course(cast.owner)
    node_id = db.session.scalars(select(Lecture.node_id).where(Lecture.revision_id == course.live_revision_id)).first()
    assert node_id
    content.add_module(actor=cast.owner, course_id=course.id, title=f"Module {MARKER}")
    draft = db.session.scalars(select(Lecture.revision_id).order_by(Lecture.id.desc())).first()
    with unguarded():
        lecture = db.session.scalars(
            select(Lecture).where(Lecture.revision_id == draft, Lecture.node_id == node_id)
        ).one()
        lecture.body = f"New words, {MARKER}"
        db.session.commit()
    return db.session.get_one(Course, course.id, populate_existing=True), node_id


@pytest.mark.parametrize("who", ["owner", "moderator", "admin"])
def test_l1_insiders_see_the_draft_and_the_live_course(client: FlaskClient, cast: Cast, who: str) -> None:
    course, node_id = changed(cast)
    slug = course.slug
    log_in(client, getattr(cast, who))
    page = client.get(f"/courses/{slug}?shown=draft").text
    assert MARKER in page
    assert "Only the author and staff see this page." in page
    assert f"/courses/{slug}/buy" not in page
    assert f'/preview/{slug}/{node_id}?shown=draft"' in page
    assert MARKER not in client.get(f"/courses/{slug}").text
    lecture = client.get(f"/preview/{slug}/{node_id}?shown=draft").text
    assert MARKER in lecture
    assert "How many are two and two?" in lecture
    assert "Two and two are four." not in lecture, "the explanation comes after answering"


@pytest.mark.parametrize("who", ["other_author", "student", "visitor"])
def test_l1_nobody_else_sees_the_draft(client: FlaskClient, cast: Cast, who: str) -> None:
    course, node_id = changed(cast)
    slug = course.slug
    if who != "visitor":
        log_in(client, getattr(cast, who))
    for address in (f"/courses/{slug}?shown=draft", f"/preview/{slug}/{node_id}?shown=draft"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert MARKER not in answer.text
    assert client.get(f"/courses/{slug}").status_code == 200


def test_x5_the_video_of_a_draft_plays_for_its_author(client: FlaskClient, cast: Cast) -> None:
    course, node_id = changed(cast)
    video = upload(cast.owner).id
    with unguarded():
        lecture = db.session.scalars(
            select(Lecture).where(Lecture.revision_id == course.draft_revision_id, Lecture.node_id == node_id)
        ).one()
        lecture.kind, lecture.video_upload_id = LectureKind.VIDEO, video
        db.session.commit()
    log_in(client, cast.owner)
    assert f"/{video}/" in client.get(f"/preview/{course.slug}/{node_id}?shown=draft").text
    assert client.get(f"/preview/{course.slug}/999999?shown=draft").status_code == 404


def test_l6_without_a_draft_the_live_course_is_shown(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    log_in(client, cast.owner)
    page = client.get(f"/courses/{course.slug}?shown=draft").text
    assert "Only the author and staff see this page." not in page
    assert "Preview as a student sees it" not in client.get(f"/studio/courses/{course.id}").text
    content.add_module(actor=cast.owner, course_id=course.id, title="More")
    assert f"/courses/{course.slug}?shown=draft" in client.get(f"/studio/courses/{course.id}").text
