"""Pages of learning: P-1, P-2, P-4, M-4, C-4."""

import pytest
from flask.testing import FlaskClient

from backoffice.db import db, unguarded
from backoffice.models.media import Upload
from backoffice.operations import purchases
from tests.factories.courses import live_course
from tests.factories.learning import lectures_of, make_video, own, questions_of
from tests.factories.people import Cast, log_in
from tests.factories.statements import selects


@pytest.mark.parametrize(
    ("who", "status"),
    [("student", 200), ("owner", 200), ("moderator", 200), ("other_author", 404), ("other_student", 404)],
)
def test_p1_who_opens_a_lecture(client: FlaskClient, cast: Cast, who: str, status: int) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    lecture = lectures_of(course.live_revision_id)[0]
    log_in(client, getattr(cast, who))
    assert client.get(f"/learn/{course.slug}").status_code == status
    with selects() as seen:
        assert client.get(f"/learn/{course.slug}/{lecture.node_id}").status_code == status
    assert len(seen) <= 6


def test_p4_the_explanation_comes_after_the_answer(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    address = f"/learn/{course.slug}/{lectures_of(course.live_revision_id)[0].node_id}"
    question = questions_of(course.live_revision_id)[0].node_id
    log_in(client, cast.student)
    before = client.get(address).get_data(as_text=True)
    assert "Two and two are four" not in before
    assert "right answer" not in before
    assert client.post(f"{address}/questions/{question}", data={"chosen": "a"}).status_code == 302
    after = client.get(address).get_data(as_text=True)
    assert "Two and two are four" in after
    assert "1 of 2 questions" in after


def test_m4_giving_back_ends_access(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    purchases.refund(actor=cast.student, purchase_id=own(cast.student, course).id)
    assert log_in(client, cast.student).get(f"/learn/{course.slug}").status_code == 404


def test_c4_the_player_is_given_what_the_video_has(client: FlaskClient, cast: Cast) -> None:
    """Pictures to look for a place by where there are some, and the layout of an upright video."""
    course = live_course(cast.owner)
    lecture = lectures_of(course.live_revision_id)[0]
    make_video(lecture, cast.owner)
    slug, node_id, upload_id = course.slug, lecture.node_id, lecture.video_upload_id
    owner = log_in(client, cast.owner)
    plain = owner.get(f"/learn/{slug}/{node_id}").text
    assert f"/{upload_id}/master.m3u8" in plain
    assert "data-storyboard" not in plain
    assert "is-upright" not in plain
    with unguarded():
        made = db.session.get_one(Upload, upload_id)
        made.asset = {**(made.asset or {}), "storyboard": "storyboard.vtt", "width": 360, "height": 640}
        db.session.commit()
    upright = owner.get(f"/learn/{slug}/{node_id}").text
    assert f"/{upload_id}/storyboard.vtt" in upright
    assert "is-upright" in upright
