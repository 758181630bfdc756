"""The session of a browser: begun and ended here, nothing of the one before survives (no session fixation)."""

import secrets

from flask import session
from flask_login import login_user, logout_user

from backoffice.errors import NotFound
from backoffice.operations import accounts
from backoffice.public.sessions import LOGIN, viewer
from backoffice.queries.viewers import viewer_by_id

# What a visitor chose for this browser says nothing about who they are.
_OF_THE_BROWSER = ("locale", "theme")


def begin(user_id: int) -> None:
    """Start a new session for this user. Raises NotFound when the account has gone or was disabled meanwhile."""
    found = viewer_by_id(user_id)
    if found is None:
        raise NotFound("user.not_found", "")
    _clear()
    login_user(found)
    session[LOGIN] = secrets.token_urlsafe(16)
    session.permanent = True


def end() -> None:
    """Log out, here and wherever a copy of the cookie is."""
    if session.get(LOGIN):
        accounts.log_out(actor=viewer().actor, login_id=session[LOGIN])
    logout_user()
    _clear()


def _clear() -> None:
    kept = {key: session[key] for key in _OF_THE_BROWSER if key in session}
    session.clear()
    session.update(kept)
