"""The part of its picture that a cover shows (C-1)."""

from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, Refused
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.operations import uploads
from backoffice.operations.revisions import editable

PARTS = 10_000
MIN_WIDTH = 480
# Rounding to parts of 10,000 may lead over the edge by one.
_TOLERANCE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part in 16:9 of an upright picture: `x` and `width` in parts of 10,000 of its width, `y` of its height."""

    x: int
    y: int
    width: int


def crop_height(width: int, picture: dict[str, Any]) -> float:
    """The height of a part of this width, in parts of 10,000 of the picture's height."""
    return width * picture["width"] * 9 / 16 / picture["height"]


@operation
def crop_cover(*, actor: Actor, course_id: int, shown_upload_id: str, crop: Crop) -> Upload:
    """Show another part of the cover's picture: a new cover is made from its original, and the draft has it (C-1).

    The cover of the live revision stays as it is until the change is approved. A repetition changes nothing. Errors:
    as `revisions.editable`; `cover.changed` when the cover is not the one that was shown; `cover.no_original`;
    `crop.senseless` for a part that is not in the picture or less than 480 points wide.
    """
    revision = editable(actor, course_id)
    cover = db.session.get(Upload, revision.cover_upload_id) if revision.cover_upload_id else None
    if cover is not None and cover.crop == asdict(crop):
        return cover
    if cover is None or cover.id != shown_upload_id:
        raise Conflict("cover.changed", _l("The cover has been changed meanwhile. Look at the new one first."))
    source = db.session.get_one(Upload, cover.source_id) if cover.source_id else cover
    picture = source.asset or {}
    if source.state is not UploadState.DONE or "whole" not in picture:
        raise Conflict("cover.no_original", _l("The picture is not ready, or its original is gone. Upload it again."))
    _require_inside(crop, picture)
    made = uploads.begin(actor=actor, kind=UploadKind.IMAGE, filename=source.filename, size=source.size)
    made.source_id, made.crop = source.id, asdict(crop)
    uploads.receive(actor=actor, upload_id=made.id, offset=made.size)
    revision.cover_upload_id = made.id
    return made


def _require_inside(crop: Crop, picture: dict[str, Any]) -> None:
    inside = (
        crop.x >= 0
        and crop.y >= 0
        and crop.x + crop.width <= PARTS + _TOLERANCE
        and crop.y + crop_height(crop.width, picture) <= PARTS + _TOLERANCE
    )
    if not inside or round(crop.width * picture["width"] / PARTS) < MIN_WIDTH:
        raise Refused("crop.senseless", _l("Choose a part inside the picture that is at least 480 points wide."))
