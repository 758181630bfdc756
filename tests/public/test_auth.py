"""The doors as a browser sees them: registering, logging in and out, links of letters, the profile pages."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import VISITOR
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.models.letters import Letter
from backoffice.models.outbox import OutboxEvent
from backoffice.models.people import AuthorProfile, User
from backoffice.operations import account_tokens, accounts
from backoffice.operations.account_tokens import Purpose
from backoffice.outbox import Event
from backoffice.public.security import limiter
from tests.factories.people import Cast, log_in, person
from tests.factories.tasks import drain

PASSWORD = "correct horse battery"
ANOTHER = "another long password"
FORM = {"name": "Anna", "email": "anna@example.org", "password": PASSWORD}


@pytest.fixture(autouse=True)
def _fresh_limits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limiter, "enabled", True)
    limiter.reset()
    yield
    limiter.reset()


@pytest.fixture
def anna(app: Flask) -> User:
    accounts.register(actor=VISITOR, locale="en", **FORM)
    return db.session.scalars(select(User).where(User.email == "anna@example.org")).one()


def enter(client: FlaskClient, password: str = PASSWORD, email: str = "anna@example.org", path: str = "/login") -> int:
    return client.post(path, data={"email": email, "password": password}).status_code


def is_in(client: FlaskClient) -> bool:
    return client.get("/account/profile").status_code == 200


def link_of(app: Flask, key: str) -> str:
    drain(app)
    body = db.session.scalars(select(Letter.body).where(Letter.key.startswith(key)).order_by(Letter.id.desc())).first()
    found = re.search(rf"{re.escape(settings().base_url)}(/(?:confirm|reset)/\S+)", body or "")
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("path", ["/login", "/register", "/forgot", "/confirm/x", "/reset/x"])
def test_visitors_see_the_doors(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "<h1>" in answer.text


def test_the_way_in_from_registering_to_being_an_author(app: Flask, client: FlaskClient) -> None:
    assert client.post("/register", data=FORM).status_code == 200
    assert enter(client) == 302
    unconfirmed = client.post("/studio/become-author", data={"display_name": "Anna", "about": "I teach."})
    assert unconfirmed.status_code == 422
    assert "I teach." in unconfirmed.text
    assert "/confirm/resend" in unconfirmed.text
    assert db.session.scalar(select(func.count(AuthorProfile.user_id))) == 0

    link = link_of(app, "registered:")
    assert client.get(link).status_code == 200
    assert db.session.scalars(select(User)).one().email_confirmed_at is None
    assert client.post(link).status_code == 302
    assert db.session.scalars(select(User)).one().email_confirmed_at is not None

    assert client.post("/studio/become-author", data={"display_name": "Anna"}).status_code == 302
    assert client.get("/studio/become-author").status_code == 200
    assert db.session.scalars(select(AuthorProfile.slug)).one() == "anna"


def test_registering_tells_nobody_who_has_an_account(app: Flask, anna: User) -> None:
    known = app.test_client().post("/register", data=FORM)
    unknown = app.test_client().post("/register", data=FORM | {"email": "bea@example.org"})
    assert known.status_code == unknown.status_code == 200
    assert _same(known.text.replace("anna@", "bea@"), unknown.text)
    drain(app)
    to_anna = db.session.scalars(select(Letter.key).where(Letter.recipient == "anna@example.org")).all()
    assert any(key.startswith("registered-again:") for key in to_anna)


def test_a_reset_is_answered_alike_for_known_and_unknown_addresses(app: Flask, anna: User) -> None:
    known = app.test_client().post("/forgot", data={"email": "anna@example.org"})
    unknown = app.test_client().post("/forgot", data={"email": "bea@example.org"})
    assert known.status_code == unknown.status_code == 200
    assert _same(known.text.replace("anna@", "bea@"), unknown.text)
    drain(app)
    written = db.session.scalars(select(Letter.recipient).where(Letter.key.startswith("password-reset:"))).all()
    assert written == ["anna@example.org"]
    # As much is written for both, so that the time of the answer tells nothing either.
    asked = select(func.count(OutboxEvent.id)).where(OutboxEvent.name == Event.PASSWORD_RESET_ASKED.value)
    assert db.session.scalar(asked) == 2


def test_what_a_stranger_calls_themselves_is_not_sent_to_somebody_elses_address(
    app: Flask, client: FlaskClient
) -> None:
    client.post("/register", data=FORM | {"name": "You have won, see evil.example"})
    drain(app)
    letter = db.session.scalars(select(Letter)).one()
    assert letter.recipient == "anna@example.org"
    assert "evil" not in letter.body


def _same(one: str, other: str) -> bool:
    def without_tokens(page: str) -> str:
        return re.sub(r'(name="csrf[-_]token"[^>]*(?:value|content)=")[^"]*', r"\1", page)

    return without_tokens(one) == without_tokens(other)


def test_login_and_wrong_password_look_alike_for_known_and_unknown(app: Flask, anna: User) -> None:
    pages = [
        app.test_client().post("/login", data={"email": email, "password": "not the password"}).text
        for email in ("anna@example.org", "bea@example.org")
    ]
    assert _same(pages[0].replace("anna@", "bea@"), pages[1])


def test_forms_keep_what_was_typed_but_no_password(client: FlaskClient) -> None:
    page = client.post("/register", data=FORM | {"password": "short", "name": "Анна 🦊"})
    assert page.status_code == 422
    assert 'value="Анна 🦊"' in page.text
    assert 'value="anna@example.org"' in page.text
    assert "short" not in re.sub(r"<(?:script|style)[^>]*>.*?</", "", page.text, flags=re.DOTALL).split("<form")[-1]
    assert db.session.scalar(select(func.count(User.id))) == 0


@pytest.mark.parametrize("value", ["a" * 10_000, "a\0b", "🦊" * 20, "' OR 1=1 --", "<script>alert(1)</script>"])
@pytest.mark.parametrize("path", ["/register", "/login", "/forgot"])
def test_absurd_values_never_break_a_door(client: FlaskClient, path: str, value: str) -> None:
    page = client.post(path, data={"name": value, "email": value, "password": value})
    # The letter's answer is the same for everything that could be an address.
    assert page.status_code == (422 if path != "/forgot" or len(value) > 254 else 200)
    assert "<script>alert" not in page.text


def test_a_session_is_new_after_login_and_keeps_the_language_only(client: FlaskClient, anna: User) -> None:
    with client.session_transaction() as session:
        session.update(locale="ru", planted="by somebody else", csrf_token="known to somebody else")
    assert enter(client) == 302
    with client.session_transaction() as session:
        assert session["locale"] == "ru"
        assert "planted" not in session
        assert session.get("csrf_token") != "known to somebody else"
        assert session.permanent


@pytest.mark.parametrize(
    ("goal", "where"),
    [("/account/balance?x=1", "/account/balance?x=1"), ("//evil.example", "/"), ("https://evil.example", "/")],
)
def test_login_leads_back_inside_the_house_only(client: FlaskClient, anna: User, goal: str, where: str) -> None:
    page = client.post("/login", query_string={"next": goal}, data={"email": anna.email, "password": PASSWORD})
    assert page.location == where


def test_logout_ends_the_session_and_needs_a_post(app: Flask, client: FlaskClient, anna: User) -> None:
    enter(client)
    assert client.get("/logout").status_code == 405
    assert is_in(client)
    copied = client.get_cookie("lectern")
    assert copied is not None
    elsewhere = app.test_client()
    enter(elsewhere)
    assert client.post("/logout").status_code == 302
    assert not is_in(client)
    # Neither does a copy of the cookie open anything any more, nor what is made of it; other devices stay in.
    thief = app.test_client()
    thief.set_cookie("lectern", copied.value)
    assert not is_in(thief)
    with clock.at(clock.now() + timedelta(days=500)):
        accounts.log_out(actor=VISITOR, login_id="another")
        assert not is_in(thief)
    assert is_in(elsewhere)


def test_a_disabled_user_is_out_at_once(client: FlaskClient, anna: User) -> None:
    enter(client)
    with unguarded():
        db.session.get_one(User, anna.id).disabled_at = clock.now()
        db.session.commit()
    assert not is_in(client)
    assert enter(client) == 422


def test_a_reset_link_works_once_and_ends_other_sessions(app: Flask, client: FlaskClient, anna: User) -> None:
    elsewhere = app.test_client()
    enter(elsewhere)
    client.post("/forgot", data={"email": "anna@example.org"})
    link = link_of(app, "password-reset:")
    assert client.get(link).status_code == 200
    assert client.post(link, data={"password": "short"}).status_code == 422
    assert client.post(link, data={"password": ANOTHER}).status_code == 302

    assert not is_in(elsewhere)
    used = client.post(link, data={"password": PASSWORD})
    assert used.status_code == 422
    assert "no longer valid" in used.text
    assert enter(client, PASSWORD) == 422
    assert enter(client, ANOTHER) == 302


def test_a_forged_confirmation_is_refused(client: FlaskClient, anna: User) -> None:
    token = account_tokens.make(anna.id, Purpose.CONFIRM_EMAIL)
    assert client.post(f"/confirm/{token[:-3]}abc").status_code == 422
    assert db.session.get_one(User, anna.id, populate_existing=True).email_confirmed_at is None


def test_changing_the_password_keeps_this_session_and_ends_the_others(app: Flask, anna: User) -> None:
    here, elsewhere = app.test_client(), app.test_client()
    enter(here)
    enter(elsewhere)
    wrong = here.post("/account/profile/password", data={"current": "wrong", "password": ANOTHER})
    assert wrong.status_code == 422
    assert here.post("/account/profile/password", data={"current": PASSWORD, "password": ANOTHER}).status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)


def test_x4_the_profile_keeps_typed_values_and_changes_language(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    bad = client.post("/account/profile", data={"name": "N" * 200, "locale": "ru", "time_zone": "Asia/Tokyo"})
    assert bad.status_code == 422
    assert "N" * 200 in bad.text
    assert re.search(r'<option selected value="Asia/Tokyo"', bad.text)
    good = client.post("/account/profile", data={"name": "Анна", "locale": "ru", "time_zone": "Asia/Tokyo"})
    assert good.status_code == 302
    page = client.get("/account/profile").text
    assert '<html lang="ru"' in page
    assert 'value="Анна"' in page
    client.post("/account/profile", data={"name": "Анна", "locale": "auto", "time_zone": "Asia/Tokyo"})
    assert db.session.get_one(User, cast.student.user_id, populate_existing=True).locale is None
    assert db.session.get_one(User, cast.other_student.user_id).name == "Stefan Student"


@pytest.mark.parametrize("path", ["/account/profile", "/studio/become-author"])
def test_visitors_are_asked_to_log_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).location == f"/login?next={path}"
    assert client.post(path, data={"name": "A", "display_name": "A"}).status_code == 401


def test_another_letter_is_sent_on_request_until_confirmed(app: Flask, client: FlaskClient) -> None:
    log_in(client, person(confirmed=False))
    assert client.post("/confirm/resend").status_code == 302
    drain(app)
    assert db.session.scalar(select(func.count(Letter.id)).where(Letter.key.startswith("confirmation:"))) == 1
    assert client.post(link_of(app, "confirmation:")).status_code == 302
    client.post("/confirm/resend")
    drain(app)
    assert db.session.scalar(select(func.count(Letter.id))) == 1


def test_c6_an_author_edits_the_own_profile_only(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.owner)
    bad = client.post("/studio/become-author", data={"display_name": "Olga", "about": "Mine", "years_of_teaching": "x"})
    assert bad.status_code == 422
    assert "Mine" in bad.text
    client.post("/studio/become-author", data={"display_name": "Olga", "expertise": "Law\nTax\n", "about": "<b>x</b>"})
    page = client.get("/studio/become-author").text
    assert "Law\nTax" in page.replace("\r\n", "\n")
    assert "<b>x</b>" not in page
    assert db.session.get_one(AuthorProfile, cast.other_author.user_id).display_name == "Otto Other"


@pytest.mark.parametrize(
    "path",
    [
        "/register", "/login", "/logout", "/forgot", "/confirm/x", "/reset/x", "/confirm/resend",
        "/account/profile", "/account/profile/password", "/studio/become-author",
    ],
)  # fmt: skip
def test_every_form_needs_its_token(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    client = log_in(app.test_client(), cast.student)
    assert client.post(path, data=FORM).status_code == 400
