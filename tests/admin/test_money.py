"""Money in the back office: the ledger, corrections, the proof, giving money back (B-4, M-4, M-10)."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Role
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.corrections import Correction, CorrectionState, VerifyRun
from backoffice.models.people import User
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import purchases, withdrawals
from backoffice.tasks.actors import money
from backoffice.tasks.sweeps import prove_book
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in, person
from tests.factories.tasks import drain

GOODWILL = "platform:goodwill"


@pytest.fixture
def admin(app: Flask, cast: Cast) -> FlaskClient:
    """A browser of an admin."""
    return log_in(app.test_client(), cast.admin)


def bought(cast: Cast, *, released: bool = False) -> Purchase:
    course = live_course(cast.owner, title="Bees", price_minor=5_000)
    fund(cast.student, 5_000)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=5_000)
    if released:
        with clock.at(purchase.refundable_until + timedelta(seconds=1)):
            purchases.release_due(actor=SYSTEM)
    return purchase


def shown(client: FlaskClient, query: str) -> set[str]:
    """Keys of the transactions that a search finds."""
    page = client.get(f"/admin/ledger/?{query}").text
    keys = db.session.scalars(text("SELECT key FROM ledger_transaction")).all()
    return {key for key in keys if f"<code>{key}</code>" in page}


def test_b4_the_ledger_is_searched_by_key_operation_user_course_and_purchase(admin: FlaskClient, cast: Cast) -> None:
    purchase, other = bought(cast), fund(cast.other_student, 777)
    email = db.session.execute(
        text("SELECT email FROM user_account WHERE id = :id"), {"id": cast.student.user_id}
    ).scalar_one()
    slug = db.session.execute(text("SELECT slug FROM course")).scalar_one()
    mine = f"purchase:{purchase.id}"
    assert {mine, f"top-up:{other.id}"} <= shown(admin, "")
    assert shown(admin, f"key={mine}") == {mine}
    assert shown(admin, "kind=purchase") == {mine}
    assert shown(admin, f"course={slug}") == {mine}
    assert shown(admin, f"purchase={purchase.id}") == {mine}
    assert f"top-up:{other.id}" not in shown(admin, f"user={email.upper()}")
    assert mine in shown(admin, f"user={email}")
    assert shown(admin, f"user={email}&kind=purchase&key={mine}x") == set()
    assert shown(admin, "kind=%27&purchase=x") == set()


def test_b4_the_ledger_pages_by_key_without_loss_or_repeat(admin: FlaskClient, cast: Cast) -> None:
    keys = [f"top-up:{fund(cast.student, 100 + number).id}" for number in range(60)]
    first = admin.get("/admin/ledger/").text
    fund(cast.student, 9)
    following = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = admin.get(following).text
    assert [key for key in keys if f"<code>{key}</code>" in second] == keys[:10]
    assert [key for key in keys if f"<code>{key}</code>" in first] == keys[10:]


def test_b4_an_account_tells_its_balance_at_a_moment(admin: FlaskClient, cast: Cast) -> None:
    account, before = ledger.available(cast.student.person_id), clock.now() - timedelta(days=9)
    with clock.at(before):
        fund(cast.student, 1_000)
    fund(cast.student, 50)
    moment = (before + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    page = admin.get(f"/admin/ledger/accounts/{account}?at={moment}").text
    assert "$10.50" in page
    assert page.count("$10.00") >= 2
    # A busy account of the house keeps no balance on its row: it is summed.
    assert "-$10.50" in admin.get("/admin/ledger/accounts/provider:fake").text
    assert admin.get("/admin/ledger/accounts/available:0").status_code == 404
    assert admin.get(f"/admin/ledger/accounts/{account}?at=never").status_code == 200


def test_b4_a_transaction_shows_its_entries(admin: FlaskClient, cast: Cast) -> None:
    bought(cast)
    number = db.session.execute(text("SELECT max(id) FROM ledger_transaction")).scalar_one()
    page = admin.get(f"/admin/ledger/transactions/{number}").text
    assert "+$50.00" in page
    assert ledger.available(cast.student.person_id) in page
    assert admin.get("/admin/ledger/transactions/999999").status_code == 404


def form(cast: Cast, amount: str) -> dict[str, str]:
    return {
        "request_key": "k",
        "reason": "Charged twice",
        "account_1": GOODWILL,
        "amount_1": f"-{amount}",
        "account_2": ledger.available(cast.student.person_id),
        "amount_2": amount,
    }


def test_b4_a_small_correction_is_posted_and_a_double_click_is_one(admin: FlaskClient, cast: Cast) -> None:
    fund(cast.student, 100)
    for _click in range(2):
        assert admin.post("/admin/corrections/", data=form(cast, "12.50")).status_code == 302
    assert ledger.balance(ledger.available(cast.student.person_id)) == 1_350
    assert "Charged twice" in admin.get("/admin/corrections/").text


def test_b4_a_large_correction_needs_another_admin(app: Flask, admin: FlaskClient, cast: Cast) -> None:
    fund(cast.student, 100)
    admin.post("/admin/corrections/", data=form(cast, "100.01"))
    correction = db.session.scalars(select(Correction)).one()
    address = f"/admin/corrections/{correction.id}/confirm"
    assert address not in admin.get("/admin/corrections/").text
    admin.post(address)
    assert ledger.balance(GOODWILL) == 0
    second = log_in(app.test_client(), person(Role.ADMIN))
    assert address in second.get("/admin/corrections/").text
    second.post(address)
    assert ledger.balance(GOODWILL) == -10_001
    assert db.session.get_one(Correction, correction.id, populate_existing=True).state is CorrectionState.POSTED


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"amount_1": "-12"}, "the lines must sum to zero."),
        ({"amount_1": "abc"}, "Write amounts like 25 or -25.50."),
        ({"amount_1": "much"}, "Write amounts like 25 or -25.50."),
        ({"account_1": "reserve:1"}, "is no account that a correction may touch"),
        ({"reason": ""}, "Say what was wrong."),
    ],
)
def test_b4_a_refused_correction_keeps_what_was_typed(
    admin: FlaskClient, cast: Cast, changes: dict[str, str], told: str
) -> None:
    fund(cast.student, 100)
    answer = admin.post("/admin/corrections/", data=form(cast, "12.50") | changes)
    assert answer.status_code == 422
    assert told in answer.text
    assert 'value="12.50"' in answer.text
    assert ledger.balance(GOODWILL) == 0


def test_b3_purchases_are_listed_with_the_names_of_their_people_and_courses(admin: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast)
    page = admin.get("/admin/purchases/").text
    for number in (purchase.student_id, purchase.author_id):
        name = db.session.scalars(select(User.name).where(User.id == number)).one()
        assert f'<a href="/admin/users/{number}">{name}</a>' in page
    title = db.session.scalars(select(Revision.title).where(Revision.course_id == purchase.course_id)).one()
    assert f'<a href="/admin/courses/{purchase.course_id}">{title}</a>' in page


def test_m4_an_admin_gives_the_money_of_a_released_sale_back(admin: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast, released=True)
    address = f"/admin/purchases/{purchase.id}"
    assert "Give the money back" in admin.get(address).text
    admin.post(f"{address}/give-back", data={"state": "reserved", "reason": "No sound"})
    assert ledger.balance(ledger.available(cast.student.person_id)) == 0
    for _click in range(2):
        admin.post(f"{address}/give-back", data={"state": "released", "reason": "No sound"})
    assert ledger.balance(ledger.available(cast.student.person_id)) == 5_000
    assert db.session.get_one(Purchase, purchase.id, populate_existing=True).state is PurchaseState.CLAWED_BACK
    page = admin.get(address).text
    assert "No sound" in page
    assert f"clawback:{purchase.id}" in page


def test_m10_the_proof_is_asked_for_and_its_result_shown(
    app: Flask, admin: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought(cast)
    assert "Not proven yet" in admin.get("/admin/proof/").text
    admin.post("/admin/proof/run")
    drain(app)
    run = db.session.scalars(select(VerifyRun)).one()
    assert run.holds
    page = admin.get("/admin/proof/").text
    assert "The book holds." in page
    assert "the whole book sums to zero" in page


def test_m10_the_sweep_proves_the_book(app: Flask) -> None:
    assert prove_book() == 1
    assert db.session.scalars(select(VerifyRun.holds)).all() == [True]
    money.prove_book()
    assert len(db.session.scalars(select(VerifyRun.id)).all()) == 2


def test_m8_withdrawals_are_approved_together_and_one_that_changed_stops_no_other(
    admin: FlaskClient, cast: Cast
) -> None:
    ticked = []
    for number, author in enumerate((cast.owner, cast.other_author)):
        fund(author, 5_000)
        asked = withdrawals.ask(
            actor=author, request_key=f"k{number}", amount_minor=2_000, payout_method="IBAN 6789", provider="fake"
        )
        ticked.append(f"{asked.id}:2000:asked")
    assert ticked[0] in admin.get("/admin/withdrawals/").text
    nothing = admin.post("/admin/withdrawals/approve", follow_redirects=True).text
    assert "Tick the withdrawals that shall go out first." in nothing
    assert "0 withdrawals" not in nothing
    wrong = ticked[0].replace("2000", "1")
    page = admin.post(
        "/admin/withdrawals/approve", data={"ticked": [wrong, ticked[1], "x", "1:²:asked", ""]}, follow_redirects=True
    ).text
    assert "1 withdrawal is approved." in page
    assert "has changed since the page was shown" in page
    states = db.session.execute(text("SELECT state FROM withdrawal ORDER BY id")).scalars().all()
    assert states == ["asked", "approved"]
