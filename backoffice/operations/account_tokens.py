"""Signed tokens of links in letters: timed, and bound to what they change, so that each works once."""

import hashlib
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.errors import Refused
from backoffice.models.people import User


class Purpose(StrEnum):
    """What a token is good for; a token of one purpose is none of another."""

    CONFIRM_EMAIL = "confirm-email"
    RESET_PASSWORD = "reset-password"  # noqa: S105 (a purpose, not a password)


class _ClockSigner(TimestampSigner):
    """Dates by the clock of the domain, so that tokens expire when time is moved."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


def make(user_id: int, purpose: Purpose) -> str:
    """A token for this user as they are now."""
    return _serializer(purpose).dumps([user_id, _fingerprint(db.session.get_one(User, user_id), purpose)])


def user_id_of(token: str, purpose: Purpose) -> int:
    """The user of a token that is genuine and fresh; Refused `token.invalid` otherwise."""
    return _read(token, purpose)[0]


def require_unused(token: str, purpose: Purpose, user: User) -> None:
    """Refuse a token that was made before the address or the password changed (`token.invalid`)."""
    if _read(token, purpose)[1] != _fingerprint(user, purpose):
        raise invalid()


def invalid() -> Refused:
    """The one answer to expired, used and forged tokens."""
    return Refused("token.invalid", _l("This link is no longer valid. Ask for a new one."))


def _read(token: str, purpose: Purpose) -> tuple[int, str]:
    hours = settings().confirmation_hours if purpose is Purpose.CONFIRM_EMAIL else settings().reset_hours
    try:
        user_id, fingerprint = _serializer(purpose).loads(token, max_age=hours * 3600)
    except BadData as error:
        raise invalid() from error
    return int(user_id), str(fingerprint)


def _serializer(purpose: Purpose) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key, salt=f"lectern.{purpose.value}", signer=_ClockSigner)


def _fingerprint(user: User, purpose: Purpose) -> str:
    bound_to = user.email.lower()
    if purpose is Purpose.RESET_PASSWORD:
        bound_to += f"\n{user.password_hash}\n{user.session_epoch}"
    return hashlib.sha256(bound_to.encode()).hexdigest()[:32]
