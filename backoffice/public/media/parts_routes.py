"""Uploads that go straight into the bucket: the house signs where each part may go and sees what has come (X-5, T-5).

The bytes never pass through the application. Offered to browsers while media are kept in S3; tus stays for the others.
"""

from contextlib import suppress
from typing import Any

from flask import Response, abort, jsonify, request, url_for
from flask_babel import gettext as _

from backoffice.errors import Conflict, NotFound
from backoffice.integrations.storage.base import INCOMING, ObjectMissing, StorageAway
from backoffice.integrations.storage.house import parts, storage
from backoffice.models.media import UploadKind, UploadState
from backoffice.operations import uploads
from backoffice.public.incoming import MOST
from backoffice.public.media.upload_routes import bp
from backoffice.public.sessions import viewer
from backoffice.queries.media import UploadStatus, upload_status

LINKS_AT_ONCE = 8
LINK_S = 3600


@bp.app_template_global()
def direct_upload_url() -> str:
    """Where pages announce a file that is to go straight into the bucket; empty when there is none."""
    return url_for("media.begin_parts") if parts() is not None else ""


@bp.post("/uploads/in-parts")
def begin_parts() -> tuple[Response, int]:
    """Announce a file: JSON with `filename`, `kind` and `size`; the answer's `url` is the upload's."""
    bucket, asked = parts(), request.get_json()
    size, kind = _field(asked, "size", int), _field(asked, "kind", str)
    if bucket is None or kind not in [known.value for known in UploadKind] or size > MOST:
        abort(400)
    filename = _field(asked, "filename", str)
    upload = uploads.begin(actor=viewer().actor, kind=UploadKind(kind), filename=filename, size=size)
    try:
        bucket.begin(_key(upload.id))
    except StorageAway:
        uploads.discard(actor=viewer().actor, upload_id=upload.id)
        raise
    return jsonify(url=url_for("media.tus_offset", upload_id=upload.id)), 201


@bp.get("/uploads/<upload_id>/parts")
def upload_parts(upload_id: str) -> Response:
    """How many bytes have come, and where the next parts go: `{sent, parts: [{start, end, link}]}`."""
    upload, bucket = _own(upload_id), parts()
    if upload.state is not UploadState.RECEIVING:
        return jsonify(sent=upload.size, parts=[])
    if bucket is None:
        raise _gone()
    key, sizes = _key(upload.id), bucket.sizes(upload.size)
    there = bucket.list_parts(key)
    if there is None:
        if storage().head(key) != upload.size:
            raise _gone()
        # Put together, but not recorded before the application stopped: nothing is left to be sent.
        return jsonify(sent=upload.size, parts=[])
    left = {number: size for number, size in sizes.items() if number not in there or there[number].size != size}
    sent = upload.size - sum(left.values())
    # The last byte is recorded when the bucket has put the object together.
    uploads.receive(actor=viewer().actor, upload_id=upload.id, offset=min(sent, upload.size - 1))
    next_ones = dict(list(left.items())[:LINKS_AT_ONCE])
    try:
        links = bucket.links(key, next_ones, seconds=LINK_S)
    except ObjectMissing as ended:
        raise _gone() from ended
    starts = {number: (number - 1) * sizes[1] for number in links}
    shown = [{"start": starts[n], "end": starts[n] + sizes[n], "link": link} for n, link in links.items()]
    return jsonify(sent=sent, parts=shown)


@bp.post("/uploads/<upload_id>/complete")
def complete_upload(upload_id: str) -> tuple[str, int]:
    """Have the parts put together, look at the object, and hand it to the workers; a repetition changes nothing."""
    upload, bucket = _own(upload_id), parts()
    if upload.state is not UploadState.RECEIVING:
        return "", 204
    if bucket is None:
        raise _gone()
    key = _key(upload.id)
    there = bucket.list_parts(key)
    if there is not None:
        if {number: part.size for number, part in there.items()} != bucket.sizes(upload.size):
            raise Conflict("upload.incomplete", _("The file goes on at another place."))
        with suppress(ObjectMissing):
            bucket.complete(key, there)
    if storage().head(key) != upload.size:
        raise _gone()
    uploads.receive(actor=viewer().actor, upload_id=upload.id, offset=upload.size)
    return "", 204


@bp.delete("/uploads/<upload_id>/parts")
def discard_parts(upload_id: str) -> tuple[str, int]:
    """Cancel a file that was not sent to its end."""
    upload, bucket = _own(upload_id, even_expired=True), parts()
    uploads.discard(actor=viewer().actor, upload_id=upload.id)
    if bucket is not None:
        bucket.abort(_key(upload.id))
    return "", 204


def _key(upload_id: str) -> str:
    return f"{INCOMING}/{upload_id}"


def _own(upload_id: str, *, even_expired: bool = False) -> UploadStatus:
    upload = upload_status(upload_id)
    if upload is None or upload.owner_id != viewer().id:
        raise NotFound("upload.not_found", _("There is no such upload."))
    if upload.expired and not even_expired:
        raise _gone()
    return upload


def _gone() -> NotFound:
    return NotFound("upload.gone", _("This upload was not finished in time. Start it again."))


def _field(asked: Any, name: str, kind: type) -> Any:
    value = asked.get(name) if isinstance(asked, dict) else None
    if type(value) is not kind:
        abort(400)
    return value
