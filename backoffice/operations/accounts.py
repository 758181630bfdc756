"""Accounts: registering, logging in, confirming the e-mail, passwords and the own profile."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock
from backoffice.access import Actor, Role
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.people import EndedLogin, User, UserRole
from backoffice.operations import account_tokens, passwords
from backoffice.operations.account_tokens import Purpose
from backoffice.operations.texts import legible_name
from backoffice.outbox import Event, emit

LOCALES = ("en", "ru")
MAX_NAME = 120
# Longer than any cookie lives that is not shown again; a cookie that is shown loses its login on that page.
ENDED_LOGINS_KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Login:
    """Who has proven to be whom."""

    user_id: int


@operation
def register(*, actor: Actor, email: str, password: str, name: str, locale: str, time_zone: str = "UTC") -> None:
    """Make a student's account and ask for the letter that confirms the address.

    A known address gets the same answer and a letter to its owner instead: nobody learns who has an account.
    Errors: `email.invalid`, `name.invalid`, `password.*`, each with `data["field"]`.
    """
    email = _good_email(email)
    name = _good_name(name)
    passwords.require_good(password, email)
    values = {
        "email": email,
        "password_hash": passwords.hashed(password),
        "name": name,
        "locale": locale if locale in LOCALES else None,
        "time_zone": time_zone if time_zone in available_timezones() else "UTC",
        "session_epoch": 0,
        "created_at": clock.now(),
    }
    user_id = db.session.scalar(insert(User).values(values).on_conflict_do_nothing().returning(User.id))
    if user_id is None:
        known = db.session.scalar(select(User.id).where(func.lower(User.email) == func.lower(email)))
        emit(Event.REGISTERED_AGAIN, user_id=known, request=str(uuid4()))
        return
    db.session.add(UserRole(user_id=user_id, role=Role.STUDENT, granted_by=actor.user_id))
    emit(Event.USER_REGISTERED, user_id=user_id)


@operation
def log_in(*, actor: Actor, email: str, password: str) -> Login:
    """Check an e-mail and a password; the hash is renewed when its costs are outdated.

    Errors: `login.failed` for an unknown address and a wrong password alike; `login.disabled` only to who knows the
    password.
    """
    user = _by_email(email)
    too_long = len(password) > passwords.MAX_LENGTH
    if not passwords.matches(user.password_hash if user else None, "" if too_long else password) or user is None:
        raise Refused("login.failed", _l("The e-mail or the password is wrong."))
    if user.disabled_at is not None:
        raise Refused("login.disabled", _l("This account is disabled. Write to us if you think that this is wrong."))
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    return Login(user.id)


@operation
def log_out(*, actor: Actor, login_id: str) -> None:
    """End one login for good: a copy of its cookie opens nothing any more. A repetition changes nothing."""
    now = clock.now()
    db.session.execute(delete(EndedLogin).where(EndedLogin.ended_at < now - ENDED_LOGINS_KEPT))
    db.session.execute(insert(EndedLogin).values(id=login_id, ended_at=now).on_conflict_do_nothing())


@operation
def confirm_email(*, actor: Actor, token: str) -> None:
    """Confirm the address that the token was sent to; a second time changes nothing. Error: `token.invalid`."""
    user = _locked(account_tokens.user_id_of(token, Purpose.CONFIRM_EMAIL))
    account_tokens.require_unused(token, Purpose.CONFIRM_EMAIL, user)
    user.email_confirmed_at = user.email_confirmed_at or clock.now()


@operation
def ask_confirmation(*, actor: Actor) -> None:
    """Ask for another letter that confirms the actor's address. Error: `email.confirmed` when that is done."""
    user = _locked(actor.person_id)
    if user.email_confirmed_at is not None:
        raise Conflict("email.confirmed", _l("Your e-mail is confirmed already."))
    emit(Event.EMAIL_CONFIRMATION_ASKED, user_id=user.id, request=str(uuid4()))


@operation
def ask_password_reset(*, actor: Actor, email: str) -> None:
    """Ask for a letter with a link that sets a new password; an unknown address gets the same answer and no letter."""
    user = _by_email(email)
    # Nobody's request is written down as well, so that the answer takes as long.
    emit(Event.PASSWORD_RESET_ASKED, user_id=user.id if user is not None else 0, request=str(uuid4()))


@operation
def reset_password(*, actor: Actor, token: str, password: str) -> None:
    """Set a new password by the link of a letter and end all sessions; who has the letter owns the address.

    Errors: `token.invalid` (expired, used, forged), `password.*`.
    """
    user = _locked(account_tokens.user_id_of(token, Purpose.RESET_PASSWORD))
    account_tokens.require_unused(token, Purpose.RESET_PASSWORD, user)
    if user.disabled_at is not None:
        raise account_tokens.invalid()
    _set_password(user, password)
    user.email_confirmed_at = user.email_confirmed_at or clock.now()


@operation
def change_password(*, actor: Actor, current: str, password: str) -> None:
    """Set a new password and end all sessions. Errors: `password.wrong` (field `current`), `password.*`."""
    user = _locked(actor.person_id)
    if len(current) > passwords.MAX_LENGTH or not passwords.matches(user.password_hash, current):
        raise Refused("password.wrong", _l("This is not your present password."), field="current")
    _set_password(user, password)


@operation
def edit_profile(*, actor: Actor, name: str, locale: str | None, time_zone: str) -> None:
    """Change the actor's name, language (None: the browser's) and time zone (S-6, X-4).

    Errors: `name.invalid`, `profile.locale`, `profile.time_zone`, each with `data["field"]`.
    """
    user = _locked(actor.person_id)
    if locale is not None and locale not in LOCALES:
        raise Refused("profile.locale", _l("Choose one of the languages."), field="locale")
    if time_zone not in available_timezones():
        raise Refused("profile.time_zone", _l("Choose one of the time zones."), field="time_zone")
    user.name = _good_name(name)
    user.locale = locale
    user.time_zone = time_zone


@operation
def choose_locale(*, actor: Actor, locale: str) -> None:
    """The language that the reader has switched to, for letters too (X-4). Error: `profile.locale`."""
    if locale not in LOCALES:
        raise Refused("profile.locale", _l("Choose one of the languages."), field="locale")
    _locked(actor.person_id).locale = locale


def _set_password(user: User, password: str) -> None:
    passwords.require_good(password, user.email)
    user.password_hash = passwords.hashed(password)
    user.session_epoch += 1


def _good_email(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Refused("email.invalid", _l("This is not an e-mail address."), field="email") from error


def _good_name(name: str) -> str:
    name = " ".join(name.split())
    if not legible_name(name, MAX_NAME):
        raise Refused("name.invalid", _l("Give a name of at most %(most)s characters.", most=MAX_NAME), field="name")
    return name


def normal_email(email: str) -> str:
    """The spelling by which an account is found; the text itself when it is no address."""
    try:
        return _good_email(email).lower()
    except Refused:
        return email.strip().lower()


def _by_email(email: str) -> User | None:
    try:
        normal = _good_email(email)
    except Refused:
        return None
    return db.session.scalar(select(User).where(func.lower(User.email) == func.lower(normal)))


def _locked(user_id: int) -> User:
    user = db.session.scalar(
        select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFound("user.not_found", _l("There is no such account."))
    return user
