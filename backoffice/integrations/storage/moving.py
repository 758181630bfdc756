"""From one storage to another, any number of times: what is there already is not sent again (X-5)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from backoffice.integrations.storage.base import ObjectMissing, Storage, StoredObject
from backoffice.integrations.storage.comparing import side_by_side
from backoffice.integrations.storage.local import LocalStorage


class NotArrived(RuntimeError):
    """The other storage has another size than what was sent."""


@dataclass(frozen=True, slots=True)
class Step:
    """An object of the source, and whether it had to be sent."""

    key: str
    size: int
    sent: bool


def lacking(source: Storage, target: Storage) -> Iterator[tuple[StoredObject, bool]]:
    """Each object of the source, and whether the target lacks it as it is.

    An object that the target has got later is left alone: it was made after the house had moved.
    """
    for here, there in side_by_side(source.scan(""), target.scan("")):
        if here is not None:
            yield here, there is None or (there.size != here.size and there.modified_at < here.modified_at)


def move(source: LocalStorage, target: Storage) -> Iterator[Step]:
    """Copy what the target lacks, object by object, each looked at afterwards. The source is not changed.

    Can be stopped and started again at any moment. Raises `NotArrived`.
    """
    for here, lacks in lacking(source, target):
        if not lacks:
            yield Step(here.key, here.size, sent=False)
            continue
        # Deleted since it was listed: then there is nothing to move.
        with suppress(ObjectMissing):
            path = source.local_path(here.key)
            size = path.stat().st_size
            target.put_file(here.key, path)
            if target.head(here.key) != size:
                raise NotArrived(here.key)
            yield Step(here.key, size, sent=True)
