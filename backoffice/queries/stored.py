"""The objects of the storage that rows point at (X-5). Whatever else comes to be kept there needs its lines here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, or_, select

from backoffice.db import db
from backoffice.integrations.storage.house import ATTACHMENT, ORIGINAL
from backoffice.models.exports import Export, ExportState
from backoffice.models.media import FINISHED, Upload, UploadKind, UploadState

PAGE = 200
# Keys of which the rows say whether they have to be there; of anything else they know nothing.
_EXPORT = re.compile(r"export/([0-9]{1,18})(?:\.csv|/course\.zip)")
_PRODUCT = re.compile(r"(file|image|video)/([0-9a-f]{32})/(.+)")
_INCOMING = re.compile(r"incoming/([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class WantedObject:
    """An object that has to be there; `size` in bytes where the row says it."""

    key: str
    size: int | None


def wanted_objects() -> Iterator[WantedObject]:
    """All of them in the order of their keys. Read page by page, with one statement for each."""
    yield from _exports()
    yield from _products(UploadKind.FILE)
    yield from _products(UploadKind.IMAGE)
    yield from _products(UploadKind.VIDEO)


def is_known(key: str) -> bool:
    """Whether the rows can say anything of such an object."""
    return any(shape.fullmatch(key) for shape in (_EXPORT, _PRODUCT, _INCOMING))


def may_be_wanted(key: str) -> bool:
    """Whether a row points at this known object, or work that makes such objects has not ended. One statement."""
    if export := _EXPORT.fullmatch(key):
        ended = (ExportState.FAILED, ExportState.EXPIRED)
        return bool(db.session.scalar(select(exists().where(Export.id == int(export[1]), Export.state.not_in(ended)))))
    if incoming := _INCOMING.fullmatch(key):
        waits = exists().where(Upload.id == incoming[1], Upload.state != UploadState.DONE)
        return bool(db.session.scalar(select(waits)))
    product = _PRODUCT.fullmatch(key)
    if product is None:
        return False
    # What was made of one upload may be shared by others, and outlive it.
    owner = product[2]
    rows = db.session.execute(
        select(Upload.state, Upload.kind, Upload.asset, Upload.source_id, Upload.products_id).where(
            Upload.kind == product[1], or_(Upload.id == owner, Upload.products_id == owner)
        )
    )
    return any(
        row.state not in FINISHED
        or (
            row.state is UploadState.DONE
            and row.products_id == owner
            and product[3] in _files(row.kind, row.asset, row.source_id)
        )
        for row in rows
    )


def _exports() -> Iterator[WantedObject]:
    # By bytes, as storages list: in most languages 10.csv would not stand beside 1.csv.
    key = Export.file_key.collate("C")
    done = select(Export.file_key).where(Export.state == ExportState.DONE).order_by(key).limit(PAGE)
    last: str | None = ""
    while page := db.session.scalars(done.where(key > last)).all():
        yield from (WantedObject(str(name), None) for name in page)
        last = page[-1]


def _products(kind: UploadKind) -> Iterator[WantedObject]:
    # Ids are hexadecimal and of one length: every language sorts them as bytes.
    made = (
        select(Upload.products_id, Upload.asset, Upload.source_id)
        .distinct(Upload.products_id)
        .where(Upload.kind == kind, Upload.state == UploadState.DONE)
        .order_by(Upload.products_id)
        .limit(PAGE)
    )
    last = ""
    while page := db.session.execute(made.where(Upload.products_id > last)).all():
        for products_id, asset, source_id in page:
            for name, size in sorted(_files(kind, asset, source_id).items()):
                yield WantedObject(f"{kind.value}/{products_id}/{name}", size)
        last = page[-1].products_id


def _files(kind: UploadKind, asset: dict[str, Any] | None, source_id: str | None) -> dict[str, int | None]:
    """Name → bytes of what was made of an upload: a video names all its files, a picture its renditions.

    A picture that is not a part of another one is kept as it was sent, too.
    """
    if kind is UploadKind.FILE:
        return {ATTACHMENT: None}
    facts = asset or {}
    found: dict[str, int | None] = dict.fromkeys(facts.get("files", ()))
    whole = [facts["whole"]] if "whole" in facts else []
    for rendition in (*facts.get("renditions", ()), *whole):
        found[rendition.get("file") or rendition["name"]] = rendition["size_bytes"]
    if whole and source_id is None:
        found[ORIGINAL] = None
    return found
