"""Resumable uploads by tus 1.0, and how far a file is (T-5).

Spoken are core, creation, creation-with-upload, checksum, expiration and termination.
"""

import shutil
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.http import http_date
from werkzeug.wrappers import Response as BaseResponse

from backoffice.access import Action
from backoffice.config import settings
from backoffice.db import db
from backoffice.errors import NotFound, Refused
from backoffice.integrations.storage.house import uploads_folder
from backoffice.models.media import UploadKind, UploadState
from backoffice.operations import uploads
from backoffice.public.media import part_file
from backoffice.public.media.messages import error_sentence
from backoffice.public.media.preview_routes import can_be_watched
from backoffice.public.media.routes import bp
from backoffice.public.sessions import viewer
from backoffice.public.site.routes import safe_next
from backoffice.queries.media import UploadStatus, upload_status

TUS = "1.0.0"
CHUNK_TYPE = "application/offset+octet-stream"
# Against faults of the line, not against forgers.
CHECKSUMS = ("sha1", "sha256", "md5")
SPARE_BYTES = 512 * uploads.MIB


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


@bp.errorhandler(part_file.Busy)
def _busy(_error: part_file.Busy) -> Response:
    return _protocol_error(ProtocolError(423, _("This file is being received on another connection.")))


@bp.errorhandler(part_file.Overtaken)
def _overtaken(_error: part_file.Overtaken) -> Response:
    return _protocol_error(ProtocolError(409, _("The file goes on at another place.")))


@bp.errorhandler(part_file.WrongChecksum)
def _wrong_checksum(_error: part_file.WrongChecksum) -> Response:
    return _protocol_error(ProtocolError(460, _("The piece was damaged on its way. Send it again.")))


@bp.route("/uploads", methods=["OPTIONS"])
def tus_options() -> Response:
    """What this server speaks."""
    headers = {
        "Tus-Version": TUS,
        "Tus-Extension": "creation,creation-with-upload,checksum,expiration,termination",
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Tus-Max-Size": str(settings().max_upload_mb * uploads.MIB),
    }
    return _answer(204, headers)


@bp.post("/uploads")
def create_upload() -> Response:
    """Announce a file; the answer's Location takes its bytes. The first of them may come along."""
    _speaks_tus()
    length = _number("Upload-Length")
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    if metadata.get("kind") not in [kind.value for kind in UploadKind]:
        raise ProtocolError(400, _("This kind of file cannot be uploaded here."))
    kind = UploadKind(metadata["kind"])
    fits = length <= uploads.largest_mb(kind) * uploads.MIB
    if fits and shutil.disk_usage(uploads_folder()).free < length + SPARE_BYTES:
        raise ProtocolError(507, _("There is no room for this file at the moment. Try again later."))
    if request.mimetype == CHUNK_TYPE:
        _check_place(length, 0, 0)
        _checksum()
    try:
        upload = uploads.begin(
            actor=viewer().actor,
            kind=kind,
            filename=metadata.get("filename", ""),
            size=length,
        )
    except Refused as refused:
        status = 413 if refused.code == "upload.too_large" else refused.status
        raise ProtocolError(status, str(refused.message)) from refused
    location, expires = url_for("media.tus_offset", upload_id=upload.id), http_date(upload.expires_at.astimezone(UTC))
    headers = {"Location": location, "Upload-Expires": expires}
    if request.mimetype == CHUNK_TYPE:
        headers["Upload-Offset"] = str(_take(_open(upload.id), 0))
    return _answer(201, headers)


@bp.route("/uploads/<upload_id>", methods=["HEAD"])
def tus_offset(upload_id: str) -> Response:
    """How many bytes are here: the file's real size, whatever was last recorded."""
    _speaks_tus()
    upload = _open(upload_id)
    offset = part_file.received(upload.id) if upload.state is UploadState.RECEIVING else upload.size
    if offset == upload.size and upload.state is UploadState.RECEIVING:
        # The server died between the last byte and its record; a client that sees the full length sends no more.
        _settle(upload)
    headers = _expiry(upload) | {
        "Upload-Offset": str(offset),
        "Upload-Length": str(upload.size),
        "Cache-Control": "no-store",
    }
    return _answer(200, headers)


@bp.patch("/uploads/<upload_id>")
def tus_append(upload_id: str) -> Response:
    """Take the next bytes. What arrived stays when the connection breaks; with the last byte processing begins."""
    _speaks_tus()
    upload = _open(upload_id)
    if request.mimetype != CHUNK_TYPE:
        raise ProtocolError(415, f"Content-Type: {CHUNK_TYPE}")
    asked = _number("Upload-Offset")
    if upload.state is not UploadState.RECEIVING:
        _check_place(upload.size, upload.size, asked)
        return _answer(204, {"Upload-Offset": str(upload.size)})
    offset = _take(upload, asked)
    return _answer(204, _expiry(_open(upload_id)) | {"Upload-Offset": str(offset)})


def _take(upload: UploadStatus, asked: int) -> int:
    """Append the request's body at `asked`, what came before the connection broke too; returns where the file ends."""
    room = _check_place(upload.size, part_file.received(upload.id), asked)
    checksum = _checksum()
    # A slow sender must not hold a connection of the database's pool for minutes.
    db.session.close()
    try:
        if checksum is None:
            part_file.append(upload.id, request.stream, asked, room)
        else:
            part_file.append_checked(upload.id, request.stream, asked, room, checksum)
    finally:
        offset = _settle(upload)
    return offset


def _checksum() -> part_file.Checksum | None:
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
    return part_file.Checksum(algorithm, digest)


def _settle(upload: UploadStatus) -> int:
    """Record the bytes that are in the file, which hands a whole one to the workers; returns how many they are."""
    with part_file.writing(upload.id) as handle:
        offset = part_file.size_of(handle)
        if offset == upload.size:
            part_file.keep_safe(handle)
        try:
            uploads.receive(actor=viewer().actor, upload_id=upload.id, offset=offset)
        except NotFound:
            # Cancelled meanwhile: what was written after that is nobody's.
            part_file.remove(upload.id)
            raise
    return offset


def _check_place(size: int, offset: int, asked: int) -> int:
    """Bytes that may still come, when the request's body begins where the file ends and is not too long."""
    if asked != offset:
        raise ProtocolError(409, _("The file goes on at another place."), {"Upload-Offset": str(offset)})
    room = size - offset
    if (request.content_length or 0) > room:
        raise ProtocolError(413, _("This is more than the file was announced with."))
    return room


@bp.delete("/uploads/<upload_id>")
def discard_upload(upload_id: str) -> Response:
    """Cancel a file that was not sent to its end."""
    _speaks_tus()
    with part_file.writing(_open(upload_id, even_expired=True).id):
        uploads.discard(actor=viewer().actor, upload_id=upload_id)
        part_file.remove(upload_id)
    return _answer(204, {})


@bp.get("/uploads/<upload_id>/state")
def upload_state(upload_id: str) -> str:
    """How far the file is, as a piece of a page that asks again until nothing more happens (T-5)."""
    return _fragment(_visible(upload_id))


@bp.post("/uploads/<upload_id>/retry")
def retry_upload(upload_id: str) -> str | BaseResponse:
    """Process a failed file again."""
    uploads.retry(actor=viewer().actor, upload_id=upload_id)
    if request.headers.get("HX-Request"):
        return _fragment(_visible(upload_id))
    return redirect(safe_next(request.form.get("next")) or url_for("media.upload_state", upload_id=upload_id))


def _fragment(upload: UploadStatus) -> str:
    watch = upload.state is UploadState.TRANSCODING and can_be_watched(upload.id)
    reason = error_sentence(upload.error_code)
    return render_template("media/state.html", upload=upload, reason=reason, watch=watch)


def _visible(upload_id: str) -> UploadStatus:
    upload = upload_status(upload_id)
    may = upload is not None and (upload.owner_id == viewer().id or viewer().actor.may(Action.SEE_STUCK_UPLOADS))
    if upload is None or not may:
        raise NotFound("upload.not_found", _("There is no such upload."))
    return upload


def _open(upload_id: str, *, even_expired: bool = False) -> UploadStatus:
    """The viewer's own upload; 404 for others, 410 when its time is over."""
    upload = upload_status(upload_id)
    if upload is None or upload.owner_id != viewer().id:
        raise NotFound("upload.not_found", _("There is no such upload."))
    if upload.expired and not even_expired:
        raise ProtocolError(410, _("This upload was not finished in time. Start it again."))
    return upload


def _speaks_tus() -> None:
    if request.headers.get("Tus-Resumable") != TUS:
        raise ProtocolError(412, "Tus-Resumable", {"Tus-Version": TUS})


def _number(header: str) -> int:
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise ProtocolError(400, header)
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """Key and base64 value, divided by commas."""
    values = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _space, encoded = pair.partition(" ")
        try:
            values[key] = b64decode(encoded, validate=True).decode()
        except ValueError as error:
            raise ProtocolError(400, "Upload-Metadata") from error
    return values


def _expiry(upload: UploadStatus) -> dict[str, str]:
    if upload.state is not UploadState.RECEIVING:
        return {}
    return {"Upload-Expires": http_date(upload.expires_at.astimezone(UTC))}


def _answer(status: int, headers: Mapping[str, str]) -> Response:
    response = Response(status=status)
    response.headers.update({"Tus-Resumable": TUS, **headers})
    return response
