"""The words of tus 1.0: headers in and out, and answers that are no success (T-5)."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC
from urllib.parse import urlsplit

from flask import Response, request
from flask_babel import gettext as _
from werkzeug.http import http_date

from backoffice.models.media import UploadState
from backoffice.public.media.part_file import Busy, Checksum, Overtaken, WrongChecksum
from backoffice.public.media.routes import bp
from backoffice.queries.media import UploadStatus

TUS = "1.0.0"
EXTENSIONS = (
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "checksum",
    "expiration",
    "termination",
    "concatenation",
)
CHUNK_TYPE = "application/offset+octet-stream"
# Against faults of the line, not against forgers.
CHECKSUMS = ("sha1", "sha256", "md5")
METADATA_MAX_CHARS = 4_000
FINAL = "final;"


class ProtocolError(Exception):
    """An answer of the protocol that is no success: status, words for a person, headers for the client."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


@bp.errorhandler(ProtocolError)
def _protocol_error(error: ProtocolError) -> Response:
    response = Response(error.message, error.status, mimetype="text/plain")
    response.headers.update({"Tus-Resumable": TUS, **error.headers})
    return response


@bp.after_request
def _names_version(response: Response) -> Response:
    """Refusals of the house speak tus to whoever does."""
    if "Tus-Resumable" in request.headers:
        response.headers.setdefault("Tus-Resumable", TUS)
    return response


@bp.errorhandler(Busy)
def _busy(_error: Busy) -> Response:
    return _protocol_error(ProtocolError(423, _("This file is being received on another connection.")))


@bp.errorhandler(Overtaken)
def _overtaken(_error: Overtaken) -> Response:
    return _protocol_error(ProtocolError(409, _("The file goes on at another place.")))


@bp.errorhandler(WrongChecksum)
def _wrong_checksum(_error: WrongChecksum) -> Response:
    return _protocol_error(ProtocolError(460, _("The piece was damaged on its way. Send it again.")))


def speaks_tus() -> None:
    """412 unless the request speaks our version."""
    if request.headers.get("Tus-Resumable") != TUS:
        raise ProtocolError(412, "Tus-Resumable", {"Tus-Version": TUS})


def number(header: str) -> int:
    """A count of bytes; 400 for anything else."""
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise ProtocolError(400, header)
    return int(value)


def announced_length() -> int | None:
    """How long the file is; None when that is told later. 400 unless exactly one of the two is said."""
    deferred = request.headers.get("Upload-Defer-Length")
    if deferred is None:
        return number("Upload-Length")
    if deferred != "1" or "Upload-Length" in request.headers:
        raise ProtocolError(400, "Upload-Defer-Length")
    return None


def metadata() -> tuple[dict[str, str], str]:
    """What the file was announced with: key and base64 value, divided by commas; and as it was sent."""
    header = request.headers.get("Upload-Metadata", "")
    if len(header) > METADATA_MAX_CHARS:
        raise ProtocolError(400, "Upload-Metadata")
    values = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _space, encoded = pair.partition(" ")
        try:
            values[key] = b64decode(encoded, validate=True).decode()
        except ValueError as error:
            raise ProtocolError(400, "Upload-Metadata") from error
    return values, header


def checksum() -> Checksum | None:
    """What the body must add up to; None when the client says nothing. 400 for an algorithm that is not spoken."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _space, encoded = header.partition(" ")
    try:
        digest = b64decode(encoded, validate=True)
    except ValueError as error:
        raise ProtocolError(400, "Upload-Checksum") from error
    if algorithm not in CHECKSUMS:
        raise ProtocolError(400, f"Upload-Checksum: {', '.join(CHECKSUMS)}")
    return Checksum(algorithm, digest)


def part_ids(header: str) -> list[str]:
    """The uploads that a final one is made of, by their addresses."""
    return [urlsplit(address).path.rstrip("/").rpartition("/")[2] for address in header.removeprefix(FINAL).split()]


def check_place(size: int, offset: int, asked: int) -> int:
    """Bytes that may still come, when the request's body begins where the file ends and is not too long."""
    if asked != offset:
        raise ProtocolError(409, _("The file goes on at another place."), {"Upload-Offset": str(offset)})
    room = size - offset
    if (request.content_length or 0) > room:
        raise ProtocolError(413, _("This is more than the file was announced with."))
    return room


def expiry(upload: UploadStatus) -> dict[str, str]:
    """Until when the rest must come."""
    if upload.state is not UploadState.RECEIVING:
        return {}
    return {"Upload-Expires": http_date(upload.expires_at.astimezone(UTC))}


def answer(status: int, headers: Mapping[str, str]) -> Response:
    """A success."""
    response = Response(status=status)
    response.headers.update({"Tus-Resumable": TUS, **headers})
    return response
