"""Cards that are kept: never the number, one default, used again, forgotten (M-2)."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from backoffice import clock, ledger
from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.integrations.payments.base import CardToken
from backoffice.models.payments import SavedCard, TopUp, TopUpState
from backoffice.operations import cards
from backoffice.tasks.actors import money
from tests.factories.people import Cast, log_in

CARD = {"number": "4242 4242 4242 4242", "expires": "12/40", "code": "123"}
GOOD = date(2040, 12, 31)


def keep(actor: Actor, last4: str, expires: date = GOOD) -> SavedCard:
    token = CardToken(token=f"tok-settled-{int(clock.now().timestamp())}-{last4}", brand="visa", last4=last4)
    kept: SavedCard | None = operation(cards.keep)(
        user_id=actor.person_id, card=token, expires=expires, provider="fake"
    )
    assert kept is not None
    return kept


def settle(request_key: str) -> None:
    top_up = db.session.scalars(select(TopUp).where(TopUp.request_key == request_key)).one()
    money.settle_top_up(top_up_id=top_up.id)


def kept(actor: Actor) -> list[tuple[str, bool]]:
    query = select(SavedCard).where(SavedCard.user_id == actor.user_id, SavedCard.removed_at.is_(None))
    return [(card.last4, card.is_default) for card in db.session.scalars(query.order_by(SavedCard.id))]


def test_m2_a_card_is_kept_when_its_owner_wants_it_and_used_again(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    client.post("/account/top-up", data=CARD | {"request_key": "1", "amount": "20", "saved": "0"})
    assert kept(cast.student) == []
    client.post("/account/top-up", data=CARD | {"request_key": "2", "amount": "20", "saved": "0", "keep": "y"})
    assert kept(cast.student) == []
    settle("2")
    assert kept(cast.student) == [("4242", True)]
    card = db.session.scalars(select(SavedCard)).one()
    assert "visa ···· 4242" in client.get("/account/top-up").text
    answer = client.post("/account/top-up", data={"request_key": "3", "amount": "7", "saved": str(card.id)})
    assert answer.status_code == 302
    settle("3")
    assert ledger.balance(ledger.available(cast.student.person_id)) == 2_700


def test_m2_a_card_that_was_declined_is_not_kept(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    form = CARD | {"number": "4000 0000 0000 0002", "request_key": "1", "amount": "20", "saved": "0", "keep": "y"}
    assert client.post("/account/top-up", data=form).status_code == 302
    settle("1")
    assert db.session.scalars(select(TopUp.state)).one() is TopUpState.DECLINED
    assert kept(cast.student) == []


def test_m2_no_table_holds_a_card_number(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    client.post("/account/top-up", data=CARD | {"request_key": "1", "amount": "20", "saved": "0", "keep": "y"})
    for table in ("top_up", "saved_card", "outbox_event", "transition"):
        rows = db.session.execute(text(f"SELECT row_to_json(t)::text FROM {table} t")).scalars()
        assert not any("424242424242" in row for row in rows), table


def test_m2_the_same_card_is_kept_once(cast: Cast) -> None:
    assert keep(cast.student, "4242").id == keep(cast.student, "4242").id
    assert kept(cast.student) == [("4242", True)]


def test_m2_one_card_is_the_default_and_the_newest_follows_it(client: FlaskClient, cast: Cast) -> None:
    first, second, third = (keep(cast.student, last4).id for last4 in ("1111", "2222", "3333"))
    log_in(client, cast.student)
    client.post(f"/account/cards/{second}/default")
    assert kept(cast.student) == [("1111", False), ("2222", True), ("3333", False)]
    for _click in range(2):
        client.post(f"/account/cards/{second}/remove")
        assert kept(cast.student) == [("1111", False), ("3333", True)]
    assert db.session.get_one(SavedCard, second, populate_existing=True).token == ""
    page = client.get("/account/cards").text
    assert "3333" in page
    assert "2222" not in page
    assert {first, third} == set(db.session.scalars(select(SavedCard.id).where(SavedCard.removed_at.is_(None))))


def test_m2_a_card_is_its_owners_alone(client: FlaskClient, cast: Cast) -> None:
    card_id = keep(cast.student, "1111").id
    log_in(client, cast.other_student)
    for what in ("default", "remove"):
        assert client.post(f"/account/cards/{card_id}/{what}").status_code == 404
    answer = client.post("/account/top-up", data={"request_key": "1", "amount": "7", "saved": str(card_id)})
    assert answer.status_code == 422
    assert kept(cast.student) == [("1111", True)]
    assert db.session.scalars(select(TopUp)).all() == []


def test_m2_an_expired_or_forgotten_card_charges_nothing(client: FlaskClient, cast: Cast) -> None:
    old = keep(cast.student, "1111", clock.now().date() - timedelta(days=1)).id
    gone = keep(cast.student, "2222").id
    cards.remove(actor=cast.student, card_id=gone)
    log_in(client, cast.student)
    assert "1111" not in client.get("/account/top-up").text
    for card_id in (old, gone, 10**12):
        data = {"request_key": "1", "amount": "7", "saved": str(card_id)}
        assert client.post("/account/top-up", data=data).status_code == 422
    assert db.session.scalars(select(TopUp)).all() == []


def test_m2_a_shelf_of_cards_ends(client: FlaskClient, cast: Cast) -> None:
    for number in range(cards.MOST):
        keep(cast.student, f"{number:04}")
    log_in(client, cast.student)
    form = CARD | {"request_key": "1", "amount": "20", "saved": "0", "keep": "y"}
    answer = client.post("/account/top-up", data=form)
    assert answer.status_code == 422
    assert "You keep too many cards" in answer.text
    assert db.session.scalars(select(TopUp)).all() == []


def test_m2_a_card_for_which_there_is_no_room_by_now_is_charged_and_not_kept(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    client.post("/account/top-up", data=CARD | {"request_key": "1", "amount": "20", "saved": "0", "keep": "y"})
    for number in range(cards.MOST):
        keep(cast.student, f"{number:04}")
    settle("1")
    assert ledger.balance(ledger.available(cast.student.person_id)) == 2_000
    assert len(kept(cast.student)) == cards.MOST


def test_m2_the_database_allows_one_default(cast: Cast) -> None:
    keep(cast.student, "1111")
    keep(cast.student, "2222")
    with pytest.raises(IntegrityError):
        db.session.execute(text("UPDATE saved_card SET is_default = true"))
    db.session.rollback()
