"""Doors and headers: each route is public by name or asks for a login (rule 12); CSRF; a strict CSP."""

import secrets

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from backoffice.access import Action
from backoffice.config import Settings
from backoffice.integrations.storage.house import foreign_origin
from backoffice.public.sessions import viewer

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, headers_enabled=True)

# Endpoints that need no login; every other one does. A guard test reads this list.
PUBLIC = frozenset(
    {
        "static",
        "site.healthz",
        "site.set_locale",
        "site.set_theme",
        "auth.login",
        "auth.register",
        "auth.confirm_email",
        "auth.forgot_password",
        "auth.reset_password",
        "callbacks.fake",
        "callbacks.stripe",
        "storefront.home",
        "storefront.courses",
        "storefront.course",
        "storefront.authors",
        "storefront.author",
        "media.public_image",
        "media.attachment",
        "media.stream",
        "media.captions",
        "learning.preview",
    }
)

# A whole blueprint asks for an action of the role matrix besides the login.
BLUEPRINT_ACTIONS = {"admin": Action.SEE_BACK_OFFICE}


def csp_nonce() -> str:
    """The nonce of this response, for the back office's own scripts only."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _ask_for_login() -> BaseResponse | None:
    endpoint = request.endpoint
    if endpoint is None or endpoint in PUBLIC:
        return None
    if not viewer().is_authenticated:
        if request.method == "GET" and not request.headers.get("HX-Request"):
            return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))
        abort(401)
    return None


def _headers(response: Response) -> Response:
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    # Where media come from a bucket, pages may show, play and fetch what is there, and never run it.
    origin = current_app.extensions["lectern.media_origin"]
    media = f" {origin}" if origin else ""
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; script-src 'self'{nonce}; style-src 'self'{nonce}; img-src 'self' data: blob:{media}; "
        f"media-src 'self' blob:{media}; font-src 'self'; connect-src 'self'{media}; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if viewer().is_authenticated and request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def init_app(app: Flask, settings: Settings) -> None:
    """Close every door that is not on the list, and set the headers of every response."""
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=settings.redis_url if settings.environment != "test" else "memory://",
        RATELIMIT_KEY_PREFIX="lectern",
    )
    app.extensions["lectern.media_origin"] = foreign_origin(settings)
    csrf.init_app(app)
    limiter.init_app(app)
    app.before_request(_ask_for_login)
    app.after_request(_headers)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
