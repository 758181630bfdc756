"""One handler for what the domain refuses and for HTTP errors: a flash, a page or JSON problem details (rule 13)."""

import logging

from flask import Flask, Response, jsonify, render_template, request
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from backoffice import formats
from backoffice.db import db
from backoffice.errors import DomainError

log = logging.getLogger(__name__)


def _wants_json() -> bool:
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def _answer(status: int, code: str, message: str) -> tuple[str | Response, int]:
    if _wants_json():
        response = jsonify(type="about:blank", status=status, code=code, title=message)
        response.mimetype = "application/problem+json"
        return response, status
    return render_template("errors/error.html", status=status, code=code, message=message), status


def _domain_error(error: DomainError) -> tuple[str | Response, int]:
    return _answer(error.status, error.code, str(error.message))


def _csrf_error(error: CSRFError) -> tuple[str | Response, int]:
    return _answer(400, "csrf", _("This page has been open for too long. Go back, reload it and try again."))


def _http_error(error: HTTPException) -> BaseResponse | tuple[str | Response, int]:
    if error.code is None or error.code < 400:
        return error.get_response()
    return _answer(error.code, f"http.{error.code}", _how_long(error) if isinstance(error, RateLimitExceeded) else "")


def _how_long(error: RateLimitExceeded) -> str:
    """Within which time the tries are counted: when some of them are older, the address answers again."""
    limit = error.limit.limit
    return _(
        "There may be %(limit)s tries in %(time)s, and there were more.",
        limit=limit.amount,
        time=formats.duration(limit.get_expiry()),
    )


def _unkeepable(error: DataError) -> tuple[str | Response, int]:
    """A value that no column can hold and no check in front has caught: the sender's mistake, but ours to look at."""
    log.exception("a value that the database cannot hold", exc_info=error)
    db.session.rollback()
    return _answer(400, "http.400", "")


def init_app(app: Flask) -> None:
    """Register the handlers. Unexpected errors stay Flask's 500: logged whole, shown as the same page."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DataError, _unkeepable)
