"""Routes of the site as a whole: language, theme and health."""

from flask import Blueprint, Response, jsonify, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from backoffice.operations import accounts
from backoffice.public.sessions import LOCALES, THEMES, viewer
from backoffice.queries import health

bp = Blueprint("site", __name__)


def safe_next(target: str | None) -> str | None:
    """`target` when it is a path of this site, else None: no redirect leads away from it."""
    # Browsers drop tabs and line ends and take a backslash for a slash, so that "/\t/host" would lead to another site.
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    return target if target.isprintable() and "\\" not in target else None


def _back() -> BaseResponse:
    return redirect(safe_next(request.form.get("next")) or url_for("storefront.home"))


@bp.post("/locale")
def set_locale() -> BaseResponse:
    """Choose the language of the interface, and of a signed-in reader's letters (X-4)."""
    if request.form.get("locale") in LOCALES:
        session["locale"] = request.form["locale"]
        if viewer().is_authenticated:
            accounts.choose_locale(actor=viewer().actor, locale=request.form["locale"])
    return _back()


@bp.post("/theme")
def set_theme() -> BaseResponse:
    """Choose the light or the dark scheme, or follow the device."""
    if request.form.get("theme") in THEMES:
        session["theme"] = request.form["theme"]
    return _back()


@bp.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 when database, broker, a worker, relay and scheduler have answered lately, else 503 with what is missing."""
    missing = health.missing()
    return jsonify(ok=not missing, missing=missing), 503 if missing else 200
