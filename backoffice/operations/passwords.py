"""Passwords: hashed with argon2id, checked in the same time whether or not there is such an account."""

import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l

from backoffice.config import settings
from backoffice.errors import Refused

MIN_LENGTH = 10
# Longer input only costs the server time.
MAX_LENGTH = 1000

_hasher = PasswordHasher()
# The costs are for people's passwords; tests log in hundreds of times and prove nothing by waiting.
_fast_hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _current() -> PasswordHasher:
    return _fast_hasher if settings().environment == "test" else _hasher


def hashed(password: str) -> str:
    """The hash to store."""
    return _current().hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; None as hash takes as long and says no."""
    try:
        return _current().verify(password_hash or _nobodys_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other costs than today's."""
    return _current().check_needs_rehash(password_hash)


@functools.cache
def _nobodys_hash() -> str:
    return _current().hash("nobody's password")


def require_good(password: str, email: str) -> None:
    """Refuse a password that is too short, too long or only the e-mail address; `data["field"]` is `password`."""
    if len(password) < MIN_LENGTH:
        raise Refused(
            "password.too_short", _l("Use at least %(least)s characters.", least=MIN_LENGTH), field="password"
        )
    if len(password) > MAX_LENGTH:
        raise Refused("password.too_long", _l("Use at most %(most)s characters.", most=MAX_LENGTH), field="password")
    if password.casefold() in (email.casefold(), email.casefold().partition("@")[0]):
        raise Refused(
            "password.is_email", _l("Use something else than your e-mail address as password."), field="password"
        )
