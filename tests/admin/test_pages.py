"""Pages of the back office: what they show, in how many statements, and under which policy."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from backoffice.db import db, unguarded
from backoffice.models.outbox import Delivery, OutboxEvent
from backoffice.models.people import User
from backoffice.models.review import Submission
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in, person

LISTS = (
    "/admin/",
    "/admin/review/",
    "/admin/courses/",
    "/admin/withdrawals/",
    "/admin/sales/",
    "/admin/ledger/",
    "/admin/corrections/",
    "/admin/proof/",
    "/admin/purchases/",
    "/admin/users/",
    "/admin/catalogues/category",
    "/admin/parked/",
    "/admin/deliveries/",
    "/admin/events/",
    "/admin/sweeps/",
    "/admin/uploads/",
    "/admin/letters/",
)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Statements that are sent meanwhile, savepoints of the tests aside."""
    statements: list[str] = []
    connection = db.session.connection()

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET CONSTRAINTS")):
            statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


def statements_of(client: FlaskClient, address: str) -> int:
    with counted() as statements:
        assert client.get(address).status_code == 200
    return len(statements)


def test_lists_show_themselves_without_anything_inline(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.admin)
    fund(cast.student, 10_000)
    for address in LISTS:
        answer = client.get(address)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200, address
        assert not re.search(r"\son[a-z]+=|javascript:", page), address
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page), address
        assert not re.search(r"\sstyle=", page), address
        nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert nonce is not None
        assert f'nonce="{nonce[1]}"' in page
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        assert page.index("bootstrap.min.css") < page.index("/static/dist/admin")
        assert 'name="csrf-token"' in page
        assert 'id="confirm-dialog"' in page


def test_b1_the_queue_takes_as_many_statements_for_20_rows_as_for_1(
    app: Flask, cast: Cast, in_review: Callable[..., Submission]
) -> None:
    client = log_in(app.test_client(), cast.moderator)
    in_review(cast.owner)
    one = [statements_of(client, address) for address in ("/admin/", "/admin/review/", "/admin/courses/")]
    for _ in range(19):
        in_review(cast.owner)
    twenty = [statements_of(client, address) for address in ("/admin/", "/admin/review/", "/admin/courses/")]
    assert one == twenty
    assert max(twenty) <= 5
    page = client.get("/admin/review/").get_data(as_text=True)
    assert page.count("Olga Owner") == 20
    assert "Flagged by a check" in page


def test_b4_ledger_pages_take_as_many_statements_for_20_rows_as_for_1(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.admin)
    fund(cast.student, 100)
    addresses = ("/admin/ledger/", "/admin/ledger/accounts/provider:fake", "/admin/purchases/", "/admin/users/")
    one = [statements_of(client, address) for address in addresses]
    for _ in range(19):
        fund(person(), 100)
    assert one == [statements_of(client, address) for address in addresses]


def test_b3_a_csv_of_users_carries_no_formulas(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.admin)
    with unguarded():
        db.session.get_one(User, cast.student.user_id).name = "=1+1"
        db.session.commit()
    text = client.get("/admin/users/export/csv/").get_data(as_text=True)
    assert "'=1+1" in text
    assert ",=1+1" not in text


def test_b6_a_parked_task_is_sent_again(app: Flask, cast: Cast) -> None:
    with unguarded():
        happened = OutboxEvent(name="course.submitted", payload={"submission_id": 1})
        db.session.add(happened)
        db.session.flush()
        task = Delivery(
            event_id=happened.id, actor="judge", attempts=8, error="Boom\nValueError: no", parked_at=db.func.now()
        )
        db.session.add(task)
        db.session.commit()
    client = log_in(app.test_client(), cast.admin)
    assert "ValueError: no" in client.get("/admin/parked/").get_data(as_text=True)
    client.post(f"/admin/parked/{task.id}/retry")
    db.session.expire_all()
    task = db.session.get_one(Delivery, task.id)
    assert (task.parked_at, task.attempts) == (None, 0)


def test_b2_the_review_page_shows_all_of_it_in_ten_statements(
    app: Flask, cast: Cast, in_review: Callable[..., Submission]
) -> None:
    client = log_in(app.test_client(), cast.moderator)
    submission = in_review(cast.owner)
    assert statements_of(client, f"/admin/review/{submission.id}") <= 10
    page = client.get(f"/admin/review/{submission.id}").get_data(as_text=True)
    assert "me@example.org" in page
    assert "Lecture 1.2" in page
    assert "How many are two and two?" in page
    assert "✓ Four" in page
    assert "Claim it" in page


def test_l8_a_course_is_blocked_with_a_reason_and_unblocked(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.moderator)
    course = live_course(cast.owner)
    client.post(f"/admin/courses/{course.id}/block", data={"reason": "Copied from elsewhere"})
    page = client.get(f"/admin/courses/{course.id}").get_data(as_text=True)
    assert "Copied from elsewhere" in page
    assert "Lift the block" in page
    client.post(f"/admin/courses/{course.id}/unblock")
    assert "Copied from elsewhere" in client.get(f"/admin/courses/{course.id}").get_data(as_text=True)  # the timeline
    assert "Block the course" in client.get(f"/admin/courses/{course.id}").get_data(as_text=True)
    revision = client.get(f"/admin/courses/{course.id}/revisions/{course.live_revision_id}").get_data(as_text=True)
    assert "Lecture 1.1" in revision


def test_l8_as_long_a_reason_as_the_form_takes_is_kept(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.moderator)
    address = f"/admin/courses/{live_course(cast.owner).id}"
    longest = re.search(r'name="reason"[^>]*maxlength="(\d+)"', client.get(address).text)
    assert longest is not None
    reason = "x" * int(longest[1])
    client.post(f"{address}/block", data={"reason": reason})
    assert reason in client.get(address).text


def test_x4_lists_stand_in_russian_too(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.admin)
    fund(cast.student, 10_000)
    for address in ("/admin/", "/admin/purchases/", "/admin/catalogues/category"):
        answer = client.get(address, headers={"Accept-Language": "ru"})
        assert answer.status_code == 200
        assert '<html lang="ru"' in answer.get_data(as_text=True)
    assert "Добавить" in client.get("/admin/purchases/", headers={"Accept-Language": "ru"}).get_data(as_text=True)
