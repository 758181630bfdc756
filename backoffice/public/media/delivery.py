"""Handing an object to a browser by the cheapest way there is (X-5): a file from here or through nginx, a link to S3.

Whoever calls has checked the right to it.
"""

import gzip
from functools import cache
from pathlib import Path

from flask import Response, abort, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from backoffice.config import settings
from backoffice.integrations.storage.base import BadKey, ObjectMissing, Storage, attachment_header
from backoffice.integrations.storage.house import storage
from backoffice.integrations.storage.ranges import product_headers, range_response
from backoffice.integrations.video.playlists import PLAYLIST_SUFFIX, with_addresses

# Texts come from here wherever they lie: playlists name links of this viewer, a <track> of another origin is not shown.
TEXTS = (PLAYLIST_SUFFIX, ".vtt")
KEEP_S = 3600
GZIP_LEVEL = 1


def deliver(key: str, *, seconds: int, filename: str | None = None, mimetype: str | None = None) -> BaseResponse:
    """The object under `key`; 404 when there is none. Links in the answer work for so many `seconds` and no longer.

    `filename` and `mimetype` are of an object that is saved rather than shown. Answers are private and may be kept as
    long as their links work; who knows better changes `Cache-Control`.
    """
    kept = storage()
    try:
        path = kept.local_path(key)
        if path is not None:
            return _from_here(path, key, filename, mimetype)
        if key.endswith(TEXTS):
            return _text(kept, key, seconds)
        link = kept.url(key, seconds=seconds, filename=filename, mimetype=mimetype)
    except (BadKey, ObjectMissing):
        abort(404)
    if link is None:
        abort(404)
    answer = redirect(link)
    answer.headers["Cache-Control"] = f"private, max-age={min(KEEP_S, seconds // 2)}"
    return answer


def _from_here(path: Path, key: str, filename: str | None, mimetype: str | None) -> BaseResponse:
    answer: BaseResponse
    if settings().x_accel_prefix:
        answer = Response(headers={**product_headers(key), "X-Accel-Redirect": settings().x_accel_prefix + key})
    else:
        answer = range_response(path, request.environ)
    if filename is not None:
        answer.headers["Content-Disposition"] = attachment_header(filename)
    if mimetype is not None:
        answer.headers["Content-Type"] = mimetype
    return answer


def _text(kept: Storage, key: str, seconds: int) -> Response:
    with kept.open(key) as file:
        text = file.read().decode()
    if key.endswith(PLAYLIST_SUFFIX):
        folder = key.rpartition("/")[0]
        # A playlist names the same file in each of its hundreds of lines: one signature does.
        link = cache(lambda name: kept.url(f"{folder}/{name}", seconds=seconds) or name)
        text = with_addresses(text, link)
    answer = Response(headers=product_headers(key, max_age_s=min(KEEP_S, seconds)))
    answer.set_data(text)
    answer.vary.add("Accept-Encoding")
    if "gzip" in request.accept_encodings:
        answer.set_data(gzip.compress(answer.get_data(), GZIP_LEVEL))
        answer.headers["Content-Encoding"] = "gzip"
    return answer
