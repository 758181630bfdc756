"""Deleting files that nothing of a course refers to any more (X-5)."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Text, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import aliased

from backoffice import clock
from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict
from backoffice.models.content import Lecture, RemovedNode, Resource, Revision
from backoffice.models.courses import Course
from backoffice.models.media import FINISHED, Upload
from backoffice.operations.people import wait_for_turn
from backoffice.operations.upload_rows import own
from backoffice.outbox import Event, emit


@operation
def delete(*, actor: Actor, upload_id: str) -> None:
    """Delete one's own finished or failed file. Its products go with the last row that shares them.

    Errors: `upload.not_found`, `upload.in_work` before it is finished, `upload.in_use` (L-6: while any version of a
    course has it, or something deleted from a draft that can still be brought back).
    """
    wait_for_turn(actor.person_id)
    upload = own(actor, upload_id)
    if upload.state not in FINISHED:
        raise Conflict("upload.in_work", _l("This file is still being received or processed."))
    if _is_used(upload):
        raise Conflict("upload.in_use", _l("A course uses this file. Versions are kept, and so are their files."))
    db.session.delete(upload)
    db.session.flush()
    if not db.session.scalar(select(exists().where(Upload.products_id == upload.products_id))):
        emit(Event.PRODUCTS_UNUSED, kind=upload.kind.value, products_id=upload.products_id)


def _is_used(upload: Upload) -> bool:
    in_bin = (
        select(RemovedNode.id)
        .join(Course, Course.id == RemovedNode.course_id)
        .where(
            Course.author_id == upload.owner_id,
            RemovedNode.removed_at >= clock.now() - RemovedNode.KEPT,
            _names(RemovedNode.content, upload.id),
        )
    )
    part = aliased(Upload)
    uses = or_(
        exists().where(Lecture.video_upload_id == upload.id),
        exists().where(Revision.cover_upload_id == upload.id),
        exists().where(Resource.upload_id == upload.id),
        # A cover shows a part of it.
        exists().where(part.source_id == upload.id),
        in_bin.exists(),
    )
    return bool(db.session.scalar(select(uses)))


def _names(content: Any, upload_id: str) -> Any:
    """Whether what was deleted, or anything in it, has this file."""
    path = cast(literal(f"{RemovedNode.UPLOADS} ? (@ == $id)"), JSONPATH)
    return func.jsonb_path_exists(content, path, func.jsonb_build_object("id", cast(upload_id, Text)))
