"""Accounts: registering, logging in, letters' links, passwords and profiles (S-6, X-4)."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import VISITOR, Actor, Role
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, Refused
from backoffice.models.letters import Letter
from backoffice.models.outbox import OutboxEvent
from backoffice.models.people import User, UserRole
from backoffice.operations import account_tokens, accounts
from backoffice.operations.account_tokens import Purpose
from backoffice.outbox import Event
from backoffice.tasks.actors.letters import on_password_reset_asked

PASSWORD = "correct horse battery"
ANOTHER = "another long password"


def register(email: str = "anna@example.org", **changes: str) -> None:
    values = {"email": email, "password": PASSWORD, "name": "Anna", "locale": "ru", "time_zone": "Europe/Moscow"}
    accounts.register(actor=VISITOR, **values | changes)


def anna() -> User:
    return db.session.scalars(select(User).where(func.lower(User.email) == "anna@example.org")).one()


def acting(user: User, *roles: Role) -> Actor:
    return Actor(user_id=user.id, roles=frozenset({Role.STUDENT, *roles}))


def events() -> list[str]:
    return list(db.session.scalars(select(OutboxEvent.name).order_by(OutboxEvent.id)))


def test_registering_makes_an_unconfirmed_student(app: object) -> None:
    register()
    user = anna()
    assert (user.name, user.locale, user.time_zone, user.email_confirmed_at) == ("Anna", "ru", "Europe/Moscow", None)
    assert user.password_hash.startswith("$argon2id$")
    assert db.session.scalars(select(UserRole.role)).all() == [Role.STUDENT]
    assert events() == ["user.registered"]


def test_a_known_address_gets_the_same_answer_and_its_owner_a_letter(app: object) -> None:
    register()
    before = anna().password_hash
    register("ANNA@example.org", password=ANOTHER, name="Mallory")
    assert db.session.scalar(select(func.count(User.id))) == 1
    assert (anna().password_hash, anna().name) == (before, "Anna")
    assert events() == ["user.registered", "user.registered_again"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"email": "no address"}, "email.invalid", "email"),
        ({"email": "a\0b@example.org"}, "email.invalid", "email"),
        ({"email": "a" * 10_000 + "@example.org"}, "email.invalid", "email"),
        ({"name": "  "}, "name.invalid", "name"),
        ({"name": "A\0"}, "name.invalid", "name"),
        ({"name": "A" * 10_000}, "name.invalid", "name"),
        ({"password": "short"}, "password.too_short", "password"),
        ({"password": "p" * 10_000}, "password.too_long", "password"),
        ({"password": "ANNA@example.org"}, "password.is_email", "password"),
    ],
)
def test_absurd_values_are_refused_and_leave_nothing(
    app: object, changes: dict[str, str], code: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        register(**changes)
    assert (refused.value.code, refused.value.data["field"]) == (code, field)
    assert db.session.scalar(select(func.count(User.id))) == 0
    assert events() == []


def test_emoji_and_senseless_zone_are_survived(app: object) -> None:
    register(name="Анна 🦊", password="🦊" * 10, time_zone="Mars/Crater", locale="xx")
    assert (anna().name, anna().time_zone, anna().locale) == ("Анна 🦊", "UTC", None)
    assert accounts.log_in(actor=VISITOR, email="anna@example.org", password="🦊" * 10).user_id == anna().id


def test_logging_in_needs_the_right_password_and_says_nothing_else(app: object) -> None:
    register()
    assert accounts.log_in(actor=VISITOR, email=" Anna@Example.org ", password=PASSWORD).user_id == anna().id
    refusals = set()
    for email, password in (
        ("anna@example.org", ANOTHER),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        ("anna@example.org", "p" * 10_000),
        ("anna@example.org", "\0"),
    ):
        with pytest.raises(Refused) as refused:
            accounts.log_in(actor=VISITOR, email=email, password=password)
        refusals.add(str(refused.value))
    assert len(refusals) == 1


def test_a_disabled_user_cannot_log_in(app: object) -> None:
    register()
    with unguarded():
        anna().disabled_at = clock.now()
        db.session.commit()
    with pytest.raises(Refused, match=r"login\.disabled"):
        accounts.log_in(actor=VISITOR, email="anna@example.org", password=PASSWORD)
    with pytest.raises(Refused, match=r"login\.failed"):
        accounts.log_in(actor=VISITOR, email="anna@example.org", password=ANOTHER)


def test_an_outdated_hash_is_renewed_by_logging_in(app: object) -> None:
    register()
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    with unguarded():
        anna().password_hash = old
        db.session.commit()
    accounts.log_in(actor=VISITOR, email="anna@example.org", password=PASSWORD)
    assert anna().password_hash != old
    assert accounts.log_in(actor=VISITOR, email="anna@example.org", password=PASSWORD).user_id == anna().id


def test_confirming_works_by_its_own_token_while_it_is_fresh(app: object) -> None:
    register()
    token = account_tokens.make(anna().id, Purpose.CONFIRM_EMAIL)
    reset = account_tokens.make(anna().id, Purpose.RESET_PASSWORD)
    for wrong in (reset, token[:-2], "", "\0", "x" * 10_000):
        with pytest.raises(Refused, match=r"token\.invalid"):
            accounts.confirm_email(actor=VISITOR, token=wrong)
    with clock.at(clock.now() + timedelta(days=8)), pytest.raises(Refused, match=r"token\.invalid"):
        accounts.confirm_email(actor=VISITOR, token=token)
    assert anna().email_confirmed_at is None

    accounts.confirm_email(actor=VISITOR, token=token)
    confirmed = anna().email_confirmed_at
    assert confirmed is not None
    with clock.at(clock.now() + timedelta(hours=1)):
        accounts.confirm_email(actor=VISITOR, token=token)
    assert anna().email_confirmed_at == confirmed


def test_a_token_dies_with_the_address_it_was_made_for(app: object) -> None:
    register()
    token = account_tokens.make(anna().id, Purpose.CONFIRM_EMAIL)
    with unguarded():
        user = anna()
        user.email = "elsewhere@example.org"
        db.session.commit()
    with pytest.raises(Refused, match=r"token\.invalid"):
        accounts.confirm_email(actor=VISITOR, token=token)


def test_confirmation_is_asked_for_until_it_is_done(app: object) -> None:
    register()
    accounts.ask_confirmation(actor=acting(anna()))
    accounts.confirm_email(actor=VISITOR, token=account_tokens.make(anna().id, Purpose.CONFIRM_EMAIL))
    with pytest.raises(Conflict, match=r"email\.confirmed"):
        accounts.ask_confirmation(actor=acting(anna()))
    with pytest.raises(NotAllowed):
        accounts.ask_confirmation(actor=VISITOR)
    assert events() == ["user.registered", "user.email_confirmation_asked"]


def test_a_reset_works_once_and_ends_all_sessions(app: object) -> None:
    register()
    first = account_tokens.make(anna().id, Purpose.RESET_PASSWORD)
    second = account_tokens.make(anna().id, Purpose.RESET_PASSWORD)
    with pytest.raises(Refused, match=r"password\.too_short"):
        accounts.reset_password(actor=VISITOR, token=first, password="short")
    accounts.reset_password(actor=VISITOR, token=first, password=ANOTHER)

    assert anna().session_epoch == 1
    assert anna().email_confirmed_at is not None
    for used in (first, second):
        with pytest.raises(Refused, match=r"token\.invalid"):
            accounts.reset_password(actor=VISITOR, token=used, password=PASSWORD)
    assert accounts.log_in(actor=VISITOR, email="anna@example.org", password=ANOTHER).user_id == anna().id


def test_a_reset_token_expires(app: object) -> None:
    register()
    token = account_tokens.make(anna().id, Purpose.RESET_PASSWORD)
    with clock.at(clock.now() + timedelta(hours=2, seconds=2)), pytest.raises(Refused, match=r"token\.invalid"):
        accounts.reset_password(actor=VISITOR, token=token, password=ANOTHER)
    assert anna().session_epoch == 0


def test_a_reset_is_asked_for_known_and_enabled_accounts_only(app: object) -> None:
    register()
    accounts.ask_password_reset(actor=VISITOR, email="Anna@example.org")
    accounts.ask_password_reset(actor=VISITOR, email="nobody@example.org")
    accounts.ask_password_reset(actor=VISITOR, email="\0")
    with unguarded():
        anna().disabled_at = clock.now()
        db.session.commit()
    accounts.ask_password_reset(actor=VISITOR, email="anna@example.org")
    # Each of them is written down, so that the answers take as long; only the first has somebody to write to.
    asked = select(OutboxEvent.payload["user_id"]).where(OutboxEvent.name == Event.PASSWORD_RESET_ASKED.value)
    me = anna().id
    assert db.session.scalars(asked.order_by(OutboxEvent.id)).all() == [me, 0, 0, me]
    for user_id in (me, 0):
        on_password_reset_asked(user_id=user_id, request="r")
    assert db.session.scalars(select(Letter)).all() == []


def test_changing_the_password_needs_the_present_one_and_ends_sessions(app: object) -> None:
    register()
    me = acting(anna())
    with pytest.raises(Refused) as refused:
        accounts.change_password(actor=me, current=ANOTHER, password=ANOTHER)
    assert refused.value.data["field"] == "current"
    accounts.change_password(actor=me, current=PASSWORD, password=ANOTHER)
    assert anna().session_epoch == 1
    with pytest.raises(NotAllowed):
        accounts.change_password(actor=VISITOR, current=PASSWORD, password=ANOTHER)


def test_s6_x4_name_language_and_zone_are_the_persons_choice(app: object) -> None:
    register()
    me = acting(anna())
    accounts.edit_profile(actor=me, name="  Anna   B ", locale=None, time_zone="Asia/Tokyo")
    assert (anna().name, anna().locale, anna().time_zone) == ("Anna B", None, "Asia/Tokyo")
    for changes, field in (
        ({"locale": "xx"}, "locale"),
        ({"time_zone": "Mars/Crater"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"name": ""}, "name"),
    ):
        with pytest.raises(Refused) as refused:
            accounts.edit_profile(actor=me, **{"name": "A", "locale": "en", "time_zone": "UTC"} | changes)
        assert refused.value.data["field"] == field
