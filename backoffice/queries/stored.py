"""The objects of the storage that rows point at (X-5). Whatever else comes to be kept there needs its lines here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select

from backoffice.db import db
from backoffice.models.exports import ExportState, MoneyExport
from backoffice.models.media import FINISHED, Upload, UploadKind, UploadState

PAGE = 200
ID_DIGITS = 18
# Below these the rows say what has to be there; of anything else they know nothing.
KNOWN_PREFIXES = ("export/", "image/", "video/")


@dataclass(frozen=True, slots=True)
class WantedObject:
    """An object that has to be there; `size` in bytes where the row says it."""

    key: str
    size: int | None


def wanted_objects() -> Iterator[WantedObject]:
    """All of them in the order of their keys. Read page by page, with one statement for each."""
    yield from _exports()
    yield from _products(UploadKind.IMAGE)
    yield from _products(UploadKind.VIDEO)


def may_be_wanted(key: str) -> bool:
    """Whether a row points at this object, or work that makes such objects has not ended. One statement."""
    prefix, _slash, rest = key.partition("/")
    owner, _slash, name = rest.partition("/")
    if prefix == "export":
        number = owner.removesuffix(".csv")
        if not (number.isdecimal() and len(number) <= ID_DIGITS):
            return False
        return bool(db.session.scalar(select(exists().where(MoneyExport.id == int(number)))))
    row = db.session.execute(select(Upload.kind, Upload.state, Upload.asset).where(Upload.id == owner)).one_or_none()
    if row is None or row.kind != prefix:
        return False
    return row.state not in FINISHED or (row.state is UploadState.DONE and name in _files(row.asset))


def _exports() -> Iterator[WantedObject]:
    # By bytes, as storages list: in most languages 10.csv would not stand beside 1.csv.
    key = MoneyExport.file_key.collate("C")
    done = select(MoneyExport.file_key).where(MoneyExport.state == ExportState.DONE).order_by(key).limit(PAGE)
    last: str | None = ""
    while page := db.session.scalars(done.where(key > last)).all():
        yield from (WantedObject(str(name), None) for name in page)
        last = page[-1]


def _products(kind: UploadKind) -> Iterator[WantedObject]:
    # Ids are hexadecimal and of one length: every language sorts them as bytes.
    done = select(Upload.id, Upload.asset).where(Upload.kind == kind, Upload.state == UploadState.DONE)
    last = ""
    while page := db.session.execute(done.where(Upload.id > last).order_by(Upload.id).limit(PAGE)).all():
        for upload_id, asset in page:
            for name, size in sorted(_files(asset).items()):
                yield WantedObject(f"{kind.value}/{upload_id}/{name}", size)
        last = page[-1].id


def _files(asset: dict[str, Any] | None) -> dict[str, int | None]:
    """Name → bytes of what was made of an upload: a video names all its files, a picture its renditions."""
    facts = asset or {}
    found: dict[str, int | None] = dict.fromkeys(facts.get("files", ()))
    for rendition in facts.get("renditions", ()):
        found[rendition.get("file") or rendition["name"]] = rendition["size_bytes"]
    return found
