"""The history: filters in the address, each line's story, the export (M-6, M-9)."""

import csv
import io
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backoffice import clock
from backoffice.access import SYSTEM, Actor
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.exports import Export, ExportState
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import clawbacks, exports, purchases, withdrawals
from backoffice.queries import history
from backoffice.queries.history import Filters
from backoffice.tasks.actors import course_exports
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in, person
from tests.factories.tasks import drain

PRICE = 5_000


def buy(student: Actor, author: Actor, title: str = "Bees") -> Purchase:
    course = live_course(author, title=title, price_minor=PRICE)
    fund(student, PRICE)
    return purchases.buy(actor=student, course_id=course.id, shown_price_minor=PRICE)


def release(purchase: Purchase) -> None:
    with clock.at(purchase.refundable_until + timedelta(seconds=1)):
        purchases.release_due(actor=SYSTEM)


def kinds(actor: Actor, **filters: object) -> list[str]:
    entries, _more = history.statement(actor.person_id, Filters(**filters))
    return [entry.kind.value for entry in entries]


def test_m9_filters_combine(cast: Cast) -> None:
    first, second = buy(cast.student, cast.owner), buy(cast.student, cast.owner, "Ants")
    purchases.refund(actor=cast.student, purchase_id=first.id)
    assert kinds(cast.student) == ["refund", "purchase", "top_up", "purchase", "top_up"]
    assert kinds(cast.student, kind="purchases") == ["purchase", "purchase"]
    assert kinds(cast.student, kind="purchases", status="cancelled") == ["purchase"]
    assert kinds(cast.student, status="pending") == ["purchase"]
    now = clock.now()
    assert kinds(cast.student, since=now + timedelta(days=1)) == []
    assert len(kinds(cast.student, until=now + timedelta(days=1))) == 5
    assert second.state is PurchaseState.RESERVED


def test_m9_the_address_holds_the_filters_and_the_page_shows_them(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    log_in(client, cast.student)
    page = client.get("/account/history?kind=refunds&status=cancelled&since=2001-01-01").text
    assert page.count('scope="row"') == 1
    assert '<option value="refunds" selected>' in page
    assert 'value="2001-01-01"' in page
    assert "Nothing fits" in client.get("/account/history?kind=withdrawals").text


@pytest.mark.parametrize(
    "query", ["kind=x'", "status=%00", "since=yesterday", "until=99999-01-01", "before=-5", "kind=sales"]
)
def test_m9_senseless_filters_are_as_if_they_were_not_there(client: FlaskClient, cast: Cast, query: str) -> None:
    fund(cast.student, 100)
    assert log_in(client, cast.student).get(f"/account/history?{query}").status_code == 200


def test_m6_an_authors_sales_are_pending_then_success_or_cancelled(client: FlaskClient, cast: Cast) -> None:
    released, refunded, pending = (buy(person(), cast.owner, title) for title in ("Ants", "Bees", "Wasps"))
    purchases.refund(actor=Actor(refunded.student_id, cast.student.roles), purchase_id=refunded.id)
    db.session.execute(text("UPDATE purchase SET release_at = NULL WHERE id = :id"), {"id": pending.id})
    db.session.commit()
    release(released)
    log_in(client, cast.owner)
    for status, title in (("pending", "Wasps"), ("success", "Ants"), ("cancelled", "Bees")):
        page = client.get(f"/account/history?kind=sales&status={status}").text
        assert [name for name in ("Ants", "Bees", "Wasps") if name in page] == [title]


def test_m9_each_line_opens_to_the_story_of_its_money(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    release(purchase)
    clawbacks.give_back(
        actor=cast.admin, purchase_id=purchase.id, reason="No sound", shown_state=PurchaseState.RELEASED
    )
    log_in(client, cast.owner)
    page = client.get("/account/history/1").text
    for word in (f"purchase:{purchase.id}", f"release:{purchase.id}", f"clawback:{purchase.id}", "No sound"):
        assert word in page
    assert "+$40.00" in page
    assert "+$10.00" in page
    assert client.get("/account/history/99").status_code == 404
    log_in(client, cast.student)
    assert "commission" not in client.get("/account/history/2").text
    assert f"clawback:{purchase.id}" in client.get("/account/history/2").text


def test_m9_every_line_of_every_kind_opens(client: FlaskClient, cast: Cast) -> None:
    release(buy(cast.student, cast.owner))
    withdrawals.ask(actor=cast.owner, request_key="k", amount_minor=2_000, payout_method="IBAN 6789", provider="fake")
    for who in (cast.owner, cast.student):
        log_in(client, who)
        entries, _more = history.statement(who.person_id)
        for entry in entries:
            assert client.get(f"/account/history/{entry.seq}").status_code == 200
            assert entry.key in client.get(f"/account/history/{entry.seq}").text


def exported(app: Flask, client: FlaskClient, query: str = "") -> list[list[str]]:
    answer = client.post(f"/account/history/export?{query}", data={"request_key": f"key-{query}"})
    again = client.post(f"/account/history/export?{query}", data={"request_key": f"key-{query}"})
    assert answer.location == again.location
    drain(app)
    assert "The file is ready." in client.get(answer.location).text
    file = client.get(answer.location + "/file")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"))))


def test_m9_the_export_has_every_line_and_no_formula(app: Flask, client: FlaskClient, cast: Cast) -> None:
    buy(cast.student, cast.owner, "=cmd|' /C calc'!A0")
    for number in range(40):
        fund(cast.student, 100 + number)
    log_in(client, cast.student)
    head, *rows = exported(app, client)
    assert head[0] == "Date"
    assert len(rows) == 42
    assert [row[5] for row in rows[:2]] == ["1.39", "1.38"]
    assert rows[40][3] == "'=cmd|' /C calc'!A0"
    assert rows[40][5] == "-50.00"
    assert len(exported(app, client, "kind=purchases")) == 2


def test_m9_the_export_of_sales_is_an_authors(app: Flask, client: FlaskClient, cast: Cast) -> None:
    buy(cast.student, cast.owner)
    log_in(client, cast.owner)
    _head, row = exported(app, client, "kind=sales")
    assert row[1:4] == ["Sale", "Pending", "Bees"]
    assert row[5:8] == ["50.00", "40.00", "USD"]


def test_m9_an_export_is_its_owners_alone(app: Flask, client: FlaskClient, cast: Cast) -> None:
    fund(cast.student, 100)
    log_in(client, cast.student)
    exported(app, client)
    export = db.session.scalars(select(Export)).one()
    assert export.state is ExportState.DONE
    log_in(client, cast.other_student)
    for address in (f"/account/exports/{export.id}", f"/account/exports/{export.id}/file"):
        assert client.get(address).status_code == 404


def test_t4_an_export_ends_and_says_so(app: Flask, client: FlaskClient, cast: Cast) -> None:
    fund(cast.student, 100)
    log_in(client, cast.student)
    exported(app, client)
    export_id = db.session.scalars(select(Export.id)).one()
    with clock.at(clock.now() + timedelta(days=settings().export_days, minutes=1)):
        assert course_exports.expire_exports() == 1
    assert "is deleted now" in client.get(f"/account/exports/{export_id}").text
    assert client.get(f"/account/exports/{export_id}/file").status_code == 404


def test_t2_a_worker_that_was_lost_half_way_is_followed_by_one_that_writes_it_all(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    fund(cast.student, 100)
    asked = exports.ask(
        actor=cast.student, request_key="k", filters=Filters().to_json(), locale="ru", time_zone="Europe/Moscow"
    )
    export_id = asked.id
    exports.start(actor=SYSTEM, export_id=export_id, total=1)
    exports.progress(actor=SYSTEM, export_id=export_id, done=1)
    assert drain(app) >= 1
    log_in(client, cast.student)
    file = client.get(f"/account/exports/{export_id}/file").data.decode("utf-8-sig")
    assert file.startswith("Дата")
    assert len(file.splitlines()) == 2
