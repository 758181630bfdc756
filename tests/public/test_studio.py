"""The studio's pages: L-1 to L-5, L-10, C-1, C-3 to C-5."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from backoffice.db import db, unguarded
from backoffice.integrations.checks.model import Finding, Place, Severity
from backoffice.models.content import Lecture, LectureKind, Module, Question, Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.review import Submission, SubmissionState
from backoffice.operations import submissions
from tests.factories.courses import catalogue, draft_course, live_course, upload
from tests.factories.people import Cast, log_in
from tests.public.forms import opened

TEXTS = {
    "title": "Typed title",
    "short_description": "Short",
    "description": "Long",
    "requirements": "",
    "category_id": "0",
    "level": "all",
    "language_code": "en",
    "cover_upload_id": "",
    "access_days": "",
}


def nodes(revision_id: int | None) -> dict[str, int]:
    of = {"module": Module, "lecture": Lecture, "question": Question}
    return {
        name: db.session.scalars(
            select(model.node_id).where(model.revision_id == revision_id).order_by(model.id)
        ).first()
        for name, model in of.items()
    }


def pages(course_id: int, revision_id: int | None) -> list[str]:
    node = nodes(revision_id)
    base = f"/studio/courses/{course_id}"
    return [
        *(base + part for part in ("", "/state", "/texts", "/sale", "/submit", "/modules/new")),
        *(f"{base}/{kind}s/{node[kind]}" for kind in ("module", "lecture", "question")),
        f"{base}/modules/{node['module']}/lectures/new",
        f"{base}/lectures/{node['lecture']}/questions/new",
    ]


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET ")):
            statements.append(statement)

    connection = db.session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_l1_the_first_course_is_made_and_filled_by_plain_forms(client: FlaskClient, cast: Cast) -> None:
    catalogue()
    log_in(client, cast.owner)
    assert "No courses yet" in client.get("/studio/").text
    answer = client.post("/studio/courses/new", data={"title": "Счёт для всех", "language_code": "ru"})
    course = db.session.scalars(select(Course)).one()
    base = f"/studio/courses/{course.id}"
    assert answer.location == f"{base}/texts"
    assert course.slug == "schet-dlya-vsekh"

    client.post(f"{base}/modules/new", data={"title": "One"})
    module = nodes(course.draft_revision_id)["module"]
    client.post(f"{base}/modules/{module}/lectures/new", data={"title": "First", "kind": "text"})
    lecture = nodes(course.draft_revision_id)["lecture"]
    form = opened(client, f"{base}/lectures/{lecture}")
    client.post(f"{base}/lectures/{lecture}", data={**form, "body": "**Bold** <script>alert(1)</script>"})
    page = client.get(f"{base}/lectures/{lecture}").text
    assert "<strong>Bold</strong>" in page
    assert "<script>alert(1)" not in page
    client.post(
        f"{base}/lectures/{lecture}/questions/new",
        data={
            "text": "Two and two?",
            "explanation": "",
            "option-0-key": "",
            "option-0-text": "4",
            "option-0-right": "1",
            "option-1-key": "",
            "option-1-text": "5",
            "option-2-key": "",
            "option-2-text": "",
        },
    )
    question = db.session.scalars(select(Question)).one()
    assert [(option["text"], option["right"]) for option in question.options] == [("4", True), ("5", False)]


def test_l1_every_page_of_a_course_opens_for_its_author(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.owner)
    for course in (draft_course(cast.owner), live_course(cast.owner)):
        for path in pages(course.id, course.draft_revision_id or course.live_revision_id):
            answer = client.get(path)
            assert answer.status_code == 200, path
    table = client.get("/studio/courses").text
    assert "Draft" in table
    assert "On sale" in table


@pytest.mark.parametrize(("who", "status"), [("other_author", 404), ("student", 302), ("moderator", 200)])
def test_l1_nobody_but_the_author_and_staff_sees_a_draft(
    client: FlaskClient, cast: Cast, who: str, status: int
) -> None:
    course = draft_course(cast.owner)
    paths = pages(course.id, course.draft_revision_id)
    log_in(client, getattr(cast, who))
    for path in paths:
        assert client.get(path).status_code == status, path


def test_l1_a_visitor_is_asked_to_log_in(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner)
    assert "/login" in client.get(f"/studio/courses/{course.id}").location


@pytest.mark.parametrize(("who", "status"), [("other_author", 404), ("student", 403), ("moderator", 403)])
def test_l1_nobody_but_the_author_writes(client: FlaskClient, cast: Cast, who: str, status: int) -> None:
    course = live_course(cast.owner, state=CourseState.PUBLISHED)
    course_id, node = course.id, nodes(course.live_revision_id)
    base = f"/studio/courses/{course_id}"
    log_in(client, getattr(cast, who))
    for path in (
        *("/texts", "/sale", "/submit", "/withdraw", "/discard", "/put-on-sale", "/take-off-sale", "/modules/new"),
        f"/modules/{node['module']}/delete",
        f"/lectures/{node['lecture']}/move",
        f"/questions/{node['question']}/delete",
    ):
        assert client.post(base + path, data={**TEXTS, "price": "1"}).status_code == status, path
    db.session.expire_all()
    assert db.session.get_one(Course, course_id).state is CourseState.PUBLISHED
    assert db.session.scalar(select(func.count(Revision.id))) == 1


@pytest.mark.parametrize("title", ["x" * 10_000, "nul \0", " "])
def test_c1_absurd_titles_are_told_at_the_field(client: FlaskClient, cast: Cast, title: str) -> None:
    course = draft_course(cast.owner)
    log_in(client, cast.owner)
    path = f"/studio/courses/{course.id}/texts"
    answer = client.post(path, data={**opened(client, path), "title": title})
    assert answer.status_code == 422
    assert 'id="title-error"' in answer.text


def test_c5_eleven_options_are_refused_and_kept_on_the_page(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner)
    question = nodes(course.draft_revision_id)["question"]
    log_in(client, cast.owner)
    options = {
        f"option-{n}-{part}": value for n in range(11) for part, value in (("text", f"Typed {n}"), ("right", "1"))
    }
    path = f"/studio/courses/{course.id}/questions/{question}"
    answer = client.post(path, data={**opened(client, path), "text": "What?", **options})
    assert answer.status_code == 422
    assert "2 to 10 answer options" in answer.text
    assert "Typed 10" in answer.text


def test_l3_findings_are_listed_with_links_to_their_places(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner)
    course_id, lecture = course.id, nodes(course.draft_revision_id)["lecture"]
    finding = Finding(
        check="structure",
        version=1,
        code="lecture_empty",
        severity=Severity.BLOCK,
        place=Place("body", lecture),
        params={"title": "Lecture 1.1"},
    )
    submission = submissions.submit(actor=cast.owner, course_id=course_id, version=1)
    with unguarded():
        submission = db.session.get_one(Submission, submission.id)
        submission.state, submission.findings = SubmissionState.REJECTED, [finding.to_json()]
        db.session.scalars(select(Revision)).one().state = RevisionState.REJECTED
        db.session.commit()
    log_in(client, cast.owner)
    page = client.get(f"/studio/courses/{course_id}").text
    assert f'href="/studio/courses/{course_id}/lectures/{lecture}#body"' in page
    with client.session_transaction() as session:
        session["locale"] = "ru"
    assert client.get(f"/studio/courses/{course_id}").status_code == 200


def test_l2_handing_in_and_taking_back(client: FlaskClient, cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    log_in(client, cast.owner)
    base = f"/studio/courses/{course_id}"
    assert client.post(f"{base}/submit", data={"version": "7"}).status_code == 409
    assert client.post(f"{base}/submit", data={"version": "1"}).status_code == 302
    page = client.get(base).text
    assert "Being checked" in page
    assert "data-poll" in page
    state = client.get(f"{base}/state?shown=something.else")
    assert state.headers["HX-Refresh"] == "true"
    assert client.get(f"{base}/texts").text.count('<fieldset class="plain" disabled>') == 1
    assert client.post(f"{base}/texts", data=TEXTS).status_code == 422
    assert client.post(f"{base}/withdraw").status_code == 302
    assert db.session.scalar(select(Revision.state)) is RevisionState.DRAFT


def test_l5_terms_and_sale(client: FlaskClient, cast: Cast) -> None:
    course_id = live_course(cast.owner, state=CourseState.PUBLISHED).id
    log_in(client, cast.owner)
    base = f"/studio/courses/{course_id}"
    terms = {
        "price": "49.90",
        "discount": "39,90",
        "discount_until": "2030-01-01T10:00",
        "sale_from": "",
        "sale_until": "",
    }
    assert client.post(f"{base}/sale", data=terms).status_code == 302
    assert client.post(f"{base}/sale", data={**terms, "price": "cheap"}).status_code == 422
    assert client.post(f"{base}/sale", data={**terms, "discount": "60"}).status_code == 422
    assert client.post(f"{base}/put-on-sale").status_code == 302
    db.session.expire_all()
    course = db.session.get_one(Course, course_id)
    assert (course.price_minor, course.discount_minor, course.state) == (4990, 3990, CourseState.ON_SALE)
    assert "sale terms" in client.get(base).text
    assert client.post(f"{base}/take-off-sale").status_code == 302
    db.session.expire_all()
    assert db.session.get_one(Course, course_id).state is CourseState.PUBLISHED


def test_c3_moving_and_deleting_by_buttons(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner, modules=2)
    base, node = f"/studio/courses/{course.id}", nodes(course.draft_revision_id)
    log_in(client, cast.owner)
    client.post(f"{base}/modules/{node['module']}/move", data={"direction": "down"})
    assert db.session.scalars(select(Module.title).order_by(Module.position)).all() == ["Module 2", "Module 1"]
    back = client.post(f"{base}/lectures/{node['lecture']}/delete", data={"parent": node["module"]})
    assert back.location.partition("?")[0] == f"{base}/modules/{node['module']}"
    assert client.get(f"{base}/lectures/{node['lecture']}").status_code == 404


def test_rule6_pages_need_at_most_8_statements_whatever_their_size(client: FlaskClient, cast: Cast) -> None:
    small, large = draft_course(cast.owner, lectures=1), draft_course(cast.owner, modules=4, lectures=5)
    with unguarded():
        cover, video = upload(cast.owner), upload(cast.owner)
        for revision in db.session.scalars(select(Revision)):
            revision.cover_upload_id = cover.id
        for lecture in db.session.scalars(select(Lecture)):
            lecture.kind, lecture.video_upload_id = LectureKind.VIDEO, video.id
        db.session.commit()
    log_in(client, cast.owner)
    both = zip(pages(small.id, small.draft_revision_id), pages(large.id, large.draft_revision_id), strict=True)
    for one, other in [*both, ("/studio/courses", "/studio/courses")]:
        counts = []
        for path in (one, other):
            with counted() as statements:
                assert client.get(path).status_code == 200
            counts.append(len(statements))
        assert counts[0] == counts[1], one
        assert 0 < counts[0] <= 8, one
