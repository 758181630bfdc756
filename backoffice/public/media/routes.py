"""Delivery: covers and files to everybody who may see them, videos to the holder of a signed link (X-5)."""

from functools import lru_cache

from flask import Blueprint, Response, abort
from werkzeug.wrappers import Response as BaseResponse

from backoffice import clock
from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.integrations.storage import signing
from backoffice.integrations.storage.house import ATTACHMENT, ORIGINAL
from backoffice.public.media.delivery import deliver
from backoffice.public.media.links import EVERYBODY, captions_prefix, video_prefix
from backoffice.public.sessions import viewer
from backoffice.queries.captions import caption_text, is_free_caption, may_read_caption
from backoffice.queries.media import file_access, is_free_preview, may_watch, picture_access

bp = Blueprint("media", __name__)
# For so long a right that was there is taken to be there still.
TRUSTED_S = 10
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
    response = deliver(f"image/{upload_id}/{name}", seconds=settings().media_link_minutes * 60)
    reach = "public" if is_cover and access.is_public else "private"
    # A link to where the picture lies does not last as the picture does.
    lasts = f"max-age={YEAR_S}, immutable" if response.location is None else f"max-age={response.cache_control.max_age}"
    response.headers["Cache-Control"] = f"{reach}, {lasts}"
    return response


@bp.get("/v/<token>/<upload_id>/<path:name>")
def stream(token: str, upload_id: str, name: str) -> BaseResponse:
    """One file of a video, whole or a range of it; 403 when the link is forged, expired or somebody else's.

    A link that was given to no one in particular opens what everybody may look at, as long as they may (L-8, C-4); one
    of a student ends with the access to the course (M-4).
    """
    prefix = video_prefix(upload_id)
    holder = _holder(token, prefix)
    opens = is_free_preview(upload_id) if holder == EVERYBODY else holder == viewer().id and _still_may(upload_id)
    if not opens:
        abort(403)
    return deliver(f"{prefix}/{name}", seconds=signing.seconds_left(token, now=clock.now()))


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
    key = f"file/{access.products_id}/{ATTACHMENT}"
    seconds = settings().media_link_minutes * 60
    response = deliver(key, seconds=seconds, filename=access.filename, mimetype="application/octet-stream")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.get("/v/<token>/captions/<int:caption_id>.vtt")
def captions(token: str, caption_id: int) -> BaseResponse:
    """Captions for whoever may watch their video: the rules of `stream`."""
    holder = _holder(token, captions_prefix(caption_id))
    opens = is_free_caption(caption_id) if holder == EVERYBODY else holder == viewer().id and _may_read(caption_id)
    text = caption_text(caption_id) if opens else None
    if text is None:
        abort(404 if opens else 403)
    response = Response(text, mimetype="text/vtt")
    # The text of an id never changes.
    response.headers["Cache-Control"] = f"private, max-age={YEAR_S}, immutable"
    return response


def _may_read(caption_id: int) -> bool:
    return viewer().is_staff or may_read_caption(caption_id, viewer().actor.person_id)


def _still_may(products_id: str) -> bool:
    moment = int(clock.now().timestamp()) // TRUSTED_S
    return viewer().is_staff or _may_watch(products_id, viewer().actor.person_id, moment)


@lru_cache(maxsize=4096)
def _may_watch(products_id: str, viewer_id: int, _moment: int) -> bool:
    """Asked once in a while: a player wants a piece every few seconds, and most of them soon after one another."""
    return may_watch(products_id, viewer_id)


def _holder(token: str, prefix: str) -> int:
    """To whom the link was given; 403 when it opens something else, or no longer."""
    try:
        return signing.verify(settings().secret_key.encode(), token, prefix=prefix, now=clock.now())
    except signing.LinkRefused:
        abort(403)
