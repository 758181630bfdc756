"""Files whose length is told later, and files that come in parts over several lines at once (T-5)."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.operations.people import wait_for_turn
from backoffice.operations.quotas import MIB, require_room, room_left
from backoffice.operations.upload_rows import announced, largest_mb, own, queue, require_size


@operation
def begin_without_length(*, actor: Actor, kind: UploadKind, filename: str, client_metadata: str = "") -> Upload:
    """Announce a file whose length is told later. Its `size` is the most that may come, and takes up room.

    Errors: those of `quotas.require_room`.
    """
    actor.require(Action.UPLOAD)
    wait_for_turn(actor.person_id)
    most = min(largest_mb(kind) * MIB, room_left(actor.person_id))
    require_room(actor.person_id, max(most, 1))
    return announced(actor, kind=kind, filename=filename, size=most, size_known=False, client_metadata=client_metadata)


@operation
def tell_length(*, actor: Actor, upload_id: str, size: int) -> Upload:
    """Say how long a file is that was announced without a length; to say the same again is harmless.

    Errors: `upload.not_found`, `upload.length_known` (another one was told), those of `upload_rows.require_size`;
    `upload.too_large` also for more than was set aside, or less than has come.
    """
    upload = own(actor, upload_id)
    if upload.size_known:
        if upload.size != size:
            raise Conflict("upload.length_known", _l("The length of this file was told before, and differently."))
        return upload
    require_size(upload.kind, size)
    if not upload.offset <= size <= upload.size:
        raise Refused("upload.too_large", _l("This is more than the file was announced with."))
    upload.size, upload.size_known = size, True
    return upload


@operation
def begin_part(*, actor: Actor, size: int, client_metadata: str = "") -> Upload:
    """Announce a part of a file; what the whole will be is told when it is put together.

    Errors: those of `upload_rows.require_size` and `quotas.require_room`.
    """
    actor.require(Action.UPLOAD)
    require_size(UploadKind.VIDEO, size)
    require_room(actor.person_id, size)
    return announced(
        actor, kind=UploadKind.VIDEO, filename="", size=size, is_part=True, client_metadata=client_metadata
    )


@operation
def begin_whole(
    *, actor: Actor, kind: UploadKind, filename: str, part_ids: Sequence[str], client_metadata: str = ""
) -> Upload:
    """Announce the file that these parts make, in this order; the same order again is the same file (T-2).

    The parts have their room already, and are gone once the file is whole. Errors: `upload.not_found`, `upload.parts`
    unless all of them are parts that have come whole and in time; those of `upload_rows.require_size`.
    """
    actor.require(Action.UPLOAD)
    wait_for_turn(actor.person_id)
    same = (Upload.owner_id == actor.user_id, Upload.parts == list(part_ids))
    begun = db.session.scalar(select(Upload).where(*same).execution_options(populate_existing=True))
    if begun is not None and begun.state is not UploadState.RECEIVING:
        return begun
    size = sum(part.size for part in _parts(actor, part_ids))
    require_size(kind, size)
    return begun or announced(
        actor, kind=kind, filename=filename, size=size, parts=list(part_ids), client_metadata=client_metadata
    )


@operation
def finish_whole(*, actor: Actor, upload_id: str) -> Upload:
    """The bytes of all parts are in the file: hand it to the workers, forget the parts (T-1).

    A repetition changes nothing. Errors: `upload.not_found`, `upload.parts`.
    """
    wait_for_turn(actor.person_id)
    upload = own(actor, upload_id)
    if upload.state is not UploadState.RECEIVING:
        return upload
    for part in _parts(actor, upload.parts or ()):
        db.session.delete(part)
    upload.offset = upload.size
    queue(upload, actor)
    return upload


def _parts(actor: Actor, part_ids: Sequence[str]) -> list[Upload]:
    """The parts in the order of their ids, locked."""
    rows = db.session.scalars(
        select(Upload)
        .where(Upload.id.in_(part_ids), Upload.owner_id == actor.user_id)
        .order_by(Upload.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    if not part_ids or len(found) < len(set(part_ids)):
        raise NotFound("upload.not_found", _l("There is no such upload."))
    whole = all(row.is_part and row.offset == row.size and row.expires_at > clock.now() for row in found.values())
    if not whole or len(found) < len(part_ids):
        raise Refused("upload.parts", _l("Not all parts of this file have arrived."))
    return [found[part_id] for part_id in part_ids]
