"""Resumable uploads by tus 1.0, and how far a file is (T-5).

Spoken are core and its extensions; `tus.EXTENSIONS` names them.
"""

import shutil
from datetime import UTC

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.http import http_date
from werkzeug.wrappers import Response as BaseResponse

from backoffice.access import Action
from backoffice.db import db
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.integrations.storage.house import uploads_folder
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.operations import arrivals, uploads
from backoffice.operations.quotas import MIB
from backoffice.operations.upload_rows import largest_mb
from backoffice.public.incoming import MOST
from backoffice.public.media import body, part_file, tus
from backoffice.public.media.messages import error_sentence
from backoffice.public.media.preview_routes import can_be_watched
from backoffice.public.media.routes import bp
from backoffice.public.media.tus import ProtocolError
from backoffice.public.sessions import viewer
from backoffice.public.site.routes import safe_next
from backoffice.queries.media import UploadStatus, bytes_on_their_way, upload_status

SPARE_BYTES = 512 * MIB
# Refusals that more of the same bytes cannot mend: not a word for a client to try again.
STATUSES = {"upload.too_large": 413, "upload.quota": 413, "upload.parts": 400, "upload.length_known": 400}


@bp.route("/uploads", methods=["OPTIONS"])
def tus_options() -> Response:
    """What this server speaks."""
    headers = {
        "Tus-Version": tus.TUS,
        "Tus-Extension": ",".join(tus.EXTENSIONS),
        "Tus-Checksum-Algorithm": ",".join(tus.CHECKSUMS),
        "Tus-Max-Size": str(max(largest_mb(kind) for kind in UploadKind) * MIB),
    }
    return tus.answer(204, headers)


@bp.post("/uploads")
def create_upload() -> Response:
    """Announce a file, or a part of one, or what parts make; the answer's Location takes the bytes.

    The first of them may come along, but not with what parts make.
    """
    tus.speaks_tus()
    concat = request.headers.get("Upload-Concat", "")
    brings_bytes = request.mimetype == tus.CHUNK_TYPE
    try:
        if concat.startswith(tus.FINAL):
            if brings_bytes:
                raise ProtocolError(403, _("This file is made of its parts."))
            upload = _put_together(tus.part_ids(concat))
        else:
            length = tus.announced_length()
            if brings_bytes:
                tus.check_place(MOST if length is None else length, 0, 0)
                tus.checksum()
            upload = _announce(length, concat)
    except (Refused, Conflict) as refused:
        raise ProtocolError(STATUSES.get(refused.code, refused.status), str(refused.message)) from refused
    headers = {
        "Location": url_for("media.tus_offset", upload_id=upload.id),
        "Upload-Expires": http_date(upload.expires_at.astimezone(UTC)),
    }
    if brings_bytes:
        headers["Upload-Offset"] = str(_take(_open(upload.id), 0))
    return tus.answer(201, headers)


def _announce(length: int | None, concat: str) -> Upload:
    metadata, sent = tus.metadata()
    if concat not in ("", "partial"):
        raise ProtocolError(400, "Upload-Concat")
    if concat:
        if length is None:
            raise ProtocolError(400, "Upload-Length")
        _check_disk(length)
        return arrivals.begin_part(actor=viewer().actor, size=length, client_metadata=sent)
    kind = _kind(metadata)
    known = {
        "actor": viewer().actor,
        "kind": kind,
        "filename": metadata.get("filename", ""),
        "client_metadata": sent,
    }
    if length is None:
        _check_disk(0)
        return arrivals.begin_without_length(**known)
    if length <= largest_mb(kind) * MIB:
        _check_disk(length)
    return uploads.begin(**known, size=length)


def _put_together(part_ids: list[str]) -> Upload:
    """Make one file of parts that have come. Asked for again it goes on, wherever it was broken off."""
    metadata, sent = tus.metadata()
    actor = viewer().actor
    upload = arrivals.begin_whole(
        actor=actor,
        kind=_kind(metadata),
        filename=metadata.get("filename", ""),
        part_ids=part_ids,
        client_metadata=sent,
    )
    # The whole is announced by now, so that its bytes count.
    _check_disk(0)
    # Copying takes a while on a slow disk; no connection of the database waits for it.
    db.session.close()
    with part_file.writing(upload.id) as handle:
        if _open(upload.id).state is UploadState.RECEIVING:
            db.session.close()
            if part_file.put_together(handle, part_ids) != upload.size:
                raise ProtocolError(400, _("Not all parts of this file have arrived."))
            arrivals.finish_whole(actor=actor, upload_id=upload.id)
    for part_id in part_ids:
        part_file.remove(part_id)
    return upload


def _kind(metadata: dict[str, str]) -> UploadKind:
    if metadata.get("kind") not in [kind.value for kind in UploadKind]:
        raise ProtocolError(400, _("This kind of file cannot be uploaded here."))
    return UploadKind(metadata["kind"])


@bp.route("/uploads/<upload_id>", methods=["HEAD"])
def tus_offset(upload_id: str) -> Response:
    """How many bytes are here: the file's real size, whatever was last recorded."""
    tus.speaks_tus()
    upload = _open(upload_id)
    offset = part_file.received(upload.id) if upload.state is UploadState.RECEIVING else upload.size
    if offset == upload.size and upload.state is UploadState.RECEIVING:
        # The server died between the last byte and its record; a client that sees the full length sends no more.
        _settle(upload)
    headers = tus.expiry(upload) | {"Upload-Offset": str(offset), "Cache-Control": "no-store"}
    headers |= {"Upload-Length": str(upload.size)} if upload.size_known else {"Upload-Defer-Length": "1"}
    if upload.client_metadata:
        headers["Upload-Metadata"] = upload.client_metadata
    if upload.is_part:
        headers["Upload-Concat"] = "partial"
    if upload.parts:
        headers["Upload-Concat"] = tus.FINAL + " ".join(f"/uploads/{part_id}" for part_id in upload.parts)
    return tus.answer(200, headers)


@bp.patch("/uploads/<upload_id>")
def tus_append(upload_id: str) -> Response:
    """Take the next bytes. What arrived stays when the connection breaks; with the last byte processing begins."""
    tus.speaks_tus()
    upload = _open(upload_id)
    if request.mimetype != tus.CHUNK_TYPE:
        raise ProtocolError(415, f"Content-Type: {tus.CHUNK_TYPE}")
    if upload.parts:
        raise ProtocolError(403, _("This file is made of its parts."))
    asked = tus.number("Upload-Offset")
    if upload.state is not UploadState.RECEIVING:
        tus.check_place(upload.size, upload.size, asked)
        return tus.answer(204, {"Upload-Offset": str(upload.size)})
    if "Upload-Length" in request.headers:
        upload = _tell_length(upload, tus.number("Upload-Length"))
    offset = _take(upload, asked)
    return tus.answer(204, tus.expiry(_open(upload_id)) | {"Upload-Offset": str(offset)})


def _tell_length(upload: UploadStatus, length: int) -> UploadStatus:
    """The length of a file that was announced without one comes with a piece of it."""
    try:
        arrivals.tell_length(actor=viewer().actor, upload_id=upload.id, size=length)
    except (Refused, Conflict) as refused:
        raise ProtocolError(STATUSES.get(refused.code, refused.status), str(refused.message)) from refused
    return _open(upload.id)


@bp.post("/uploads/<upload_id>")
def tus_overridden(upload_id: str) -> Response:
    """For clients behind proxies that let only GET and POST through."""
    methods = {"PATCH": tus_append, "DELETE": discard_upload, "HEAD": tus_offset}
    method = methods.get(request.headers.get("X-HTTP-Method-Override", ""))
    if method is None:
        raise ProtocolError(405, "X-HTTP-Method-Override", {"Allow": "HEAD, PATCH, DELETE"})
    return method(upload_id)


def _check_disk(length: int) -> None:
    """507 unless the disk takes this file besides all others that were announced, with something to spare."""
    if shutil.disk_usage(uploads_folder()).free < length + bytes_on_their_way() + SPARE_BYTES:
        raise ProtocolError(507, _("There is no room for this file at the moment. Try again later."))


def _take(upload: UploadStatus, asked: int) -> int:
    """Append the request's body at `asked`, what came before the connection broke too; returns where the file ends."""
    room = tus.check_place(upload.size, part_file.received(upload.id), asked)
    checksum = tus.checksum()
    # A slow sender must not hold a connection of the database's pool for minutes.
    db.session.close()
    try:
        if checksum is None:
            part_file.append(upload.id, body.of_request(), asked, room)
        else:
            part_file.append_checked(upload.id, body.of_request(), asked, room, checksum)
    finally:
        offset = _settle(upload)
    return offset


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


@bp.delete("/uploads/<upload_id>")
def discard_upload(upload_id: str) -> Response:
    """Cancel a file that was not sent to its end."""
    tus.speaks_tus()
    with part_file.writing(_open(upload_id, even_expired=True).id):
        uploads.discard(actor=viewer().actor, upload_id=upload_id)
        part_file.remove(upload_id)
    return tus.answer(204, {})


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
    reason = error_sentence(upload.error_code or upload.hold_code)
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
