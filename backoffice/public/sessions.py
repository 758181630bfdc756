"""Logins, and the language and time zone of whoever is looking (X-4)."""

from datetime import timedelta
from typing import cast

from flask import Flask, current_app, has_request_context, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_babel import Babel
from flask_login import LoginManager, current_user

from backoffice.config import settings
from backoffice.queries.viewers import AnonymousViewer, Viewer, viewer_by_id

LOCALES = ("en", "ru")
THEMES = ("auto", "light", "dark")
login_manager = LoginManager()


# Where the cookie keeps the number of its login.
LOGIN = "login"


def _is_page() -> bool:
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


class Sessions(SecureCookieSessionInterface):
    """The session is the cookie, so the last answer wins: only pages prolong it.

    The answer to a poll or to a piece of video, on its way while somebody signs out or is told something, would bring
    the old cookie back.
    """

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Whether this answer carries the cookie."""
        return session.modified or (_is_page() and super().should_set_cookie(app, session))


def viewer() -> Viewer | AnonymousViewer:
    """Who is looking at this page."""
    return cast(Viewer | AnonymousViewer, current_user._get_current_object())


def _load(cookie: str) -> Viewer | None:
    user_id, _, epoch = cookie.partition(".")
    if not user_id.isdigit():
        return None
    found = viewer_by_id(int(user_id), login_id=session.get(LOGIN, ""))
    if found is not None and str(found.session_epoch) == epoch:
        return found
    if _is_page():
        # A login that has ended is not carried on from cookie to cookie.
        session.pop("_user_id")
    return None


def _locale() -> str:
    if not has_request_context():
        return LOCALES[0]
    chosen = session.get("locale") or viewer().locale
    if chosen in LOCALES:
        return str(chosen)
    return request.accept_languages.best_match(LOCALES) or LOCALES[0]


def _time_zone() -> str:
    return viewer().time_zone if has_request_context() else "UTC"


def init_app(app: Flask) -> None:
    """Set up Flask-Login and Flask-Babel; templates get `viewer`."""
    login_manager.init_app(app)
    login_manager.user_loader(_load)
    login_manager.anonymous_user = AnonymousViewer
    login_manager.session_protection = "basic"
    app.session_interface = Sessions()
    Babel(app, locale_selector=_locale, timezone_selector=_time_zone)
    app.config.update(
        SESSION_COOKIE_NAME="lectern",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.extensions["lectern.settings"].environment == "production",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=app.extensions["lectern.settings"].session_hours),
    )
    app.context_processor(
        lambda: {
            "viewer": viewer(),
            "theme": session.get("theme", "auto"),
            "development": settings().development,
            "shop_currency": settings().currency,
            "app_name": current_app.config["APP_NAME"],
        }
    )
