"""Delivery: covers and files to everybody who may see them, videos to the holder of a signed link (X-5)."""

import unicodedata
from urllib.parse import quote

from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as BaseResponse

from backoffice import clock
from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.integrations.storage import signing
from backoffice.integrations.storage.base import BadKey, ObjectMissing
from backoffice.integrations.storage.house import ATTACHMENT, ORIGINAL, storage
from backoffice.integrations.storage.ranges import range_response
from backoffice.public.media.links import EVERYBODY, video_prefix
from backoffice.public.sessions import viewer
from backoffice.queries.media import FileAccess, file_access, is_free_preview, picture_access

bp = Blueprint("media", __name__)
YEAR_S = 365 * 24 * 3600


@bp.errorhandler(DomainError)
def _in_plain_words(error: DomainError) -> Response:
    """Players and the upload desk show the sentence itself, never a page."""
    return Response(str(error.message), error.status, mimetype="text/plain")


@bp.get("/media/image/<upload_id>/<name>")
def public_image(upload_id: str, name: str) -> BaseResponse:
    """A rendition of a cover; 404 for whoever may not see it. Renditions never change, so they are kept for good."""
    access = picture_access(upload_id, viewer().id)
    if access is None:
        abort(404)
    is_insider = access.owner_id == viewer().id or viewer().is_staff
    # What the author has cut off is nobody's business, and the original is never given out.
    is_cover = name.startswith("cover-")
    if not (is_insider or (is_cover and (access.is_public or access.is_enrolled))) or name == ORIGINAL:
        abort(404)
    response = _file(f"image/{upload_id}/{name}")
    reach = "public" if is_cover and access.is_public else "private"
    response.headers["Cache-Control"] = f"{reach}, max-age={YEAR_S}, immutable"
    return response


@bp.get("/v/<token>/<upload_id>/<path:name>")
def stream(token: str, upload_id: str, name: str) -> BaseResponse:
    """One file of a video, whole or a range of it; 403 when the link is forged, expired or somebody else's.

    A link that was given to no one in particular opens what everybody may look at, as long as they may (L-8, C-4).
    """
    prefix = video_prefix(upload_id)
    try:
        holder = signing.verify(settings().secret_key.encode(), token, prefix=prefix, now=clock.now())
    except signing.LinkRefused:
        abort(403)
    opens = is_free_preview(upload_id) if holder == EVERYBODY else holder == viewer().id
    if not opens:
        abort(403)
    return _file(f"{prefix}/{name}")


@bp.get("/media/file/<upload_id>")
def attachment(upload_id: str) -> BaseResponse:
    """A file of a lecture, for its students, its author and staff, and for everybody where the lecture is free (C-4).

    It is saved under its own name and never shown: whatever it holds, nothing of it runs here.
    """
    access = file_access(upload_id, viewer().id)
    if access is None:
        abort(404)
    if not (access.is_public or access.is_enrolled or access.owner_id == viewer().id or viewer().is_staff):
        abort(404)
    response = _file(f"file/{upload_id}/{ATTACHMENT}")
    plain = unicodedata.normalize("NFKD", access.filename).encode("ascii", "ignore").decode()
    names = {"filename": plain} if plain == access.filename else {"filename": plain, "filename*": _extended(access)}
    response.headers.set("Content-Disposition", "attachment", **names)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _extended(access: FileAccess) -> str:
    return f"UTF-8''{quote(access.filename, safe='')}"


def _file(key: str) -> BaseResponse:
    try:
        path = storage().local_path(key)
    except (BadKey, ObjectMissing):
        abort(404)
    if path is None:
        abort(404)
    return range_response(path, request.environ)
