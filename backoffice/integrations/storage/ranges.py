"""Answers a GET or HEAD of one file, ranges included, so that the server can hand it to sendfile."""

import io
import os
import re
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from werkzeug.http import http_date
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from backoffice.integrations.storage.base import content_type

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_RANGE = re.compile(r"bytes=(?=.*[0-9])([0-9]*)-([0-9]*)")
BLOCK_BYTES = 64 * 1024


class _Slice(io.RawIOBase):
    """Part of an open file. `fileno` stands at its start, so that gunicorn sends it with sendfile; who reads it
    by blocks instead gets no byte past its end."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._file.seek(start)
        self._end = start + length

    def fileno(self) -> int:
        return self._file.fileno()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = max(self._end - self._file.tell(), 0)
        return self._file.read(left if size < 0 else min(size, left))

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Seek in the whole file: sendfile of sockets names its offset so."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


def range_response(path: Path, environ: "WSGIEnvironment", *, max_age_s: int = 3600) -> Response:
    """200, 206, 304 or 416 for the file at `path`; the request's headers are taken from `environ`.

    A list of ranges is answered with the whole file, as HTTP allows. Types outside our own products are sent as an
    attachment that cannot run anything. Raises `FileNotFoundError`.
    """
    facts = path.stat()
    etag = f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"'
    response = Response(
        status=HTTPStatus.OK,
        headers={
            **product_headers(path.name, max_age_s=max_age_s),
            "Accept-Ranges": "bytes",
            "ETag": etag,
            "Last-Modified": http_date(facts.st_mtime),
        },
    )
    if etag in [tag.strip() for tag in environ.get("HTTP_IF_NONE_MATCH", "").split(",")]:
        response.status_code = HTTPStatus.NOT_MODIFIED
        del response.headers["Content-Type"]
        return response
    start, end = 0, facts.st_size
    asked = environ.get("HTTP_RANGE")
    if asked and environ.get("HTTP_IF_RANGE", etag) == etag and (match := _RANGE.fullmatch(asked.strip())):
        bounds = _bounds(match[1], match[2], facts.st_size)
        if bounds is None:
            response.status_code = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            response.headers["Content-Range"] = f"bytes */{facts.st_size}"
            return response
        start, end = bounds
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{facts.st_size}"
    response.headers["Content-Length"] = str(end - start)
    if environ["REQUEST_METHOD"] != "HEAD":
        response.response = wrap_file(environ, cast(IO[bytes], _Slice(path, start, end - start)), BLOCK_BYTES)
        response.direct_passthrough = True
    return response


def _bounds(first: str, last: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of `first-last`, `first-` or `-length`; None when nothing of it is in the file."""
    if first:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    else:
        start, end = max(size - int(last or 0), 0), size
    return (start, end) if start < end else None


def product_headers(name: str, *, max_age_s: int = 3600) -> dict[str, str]:
    """What is said of an object whoever sends its bytes: type, how long it keeps, and that it runs nothing."""
    kind = content_type(name)
    headers = {
        "Cache-Control": f"private, max-age={max_age_s}",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": kind or "application/octet-stream",
    }
    if kind is None:
        headers["Content-Disposition"] = "attachment"
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return headers
