"""Two lists of objects side by side, both in the order of keys and both of any length (X-5)."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from backoffice.integrations.storage.base import StoredObject


class Keyed(Protocol):
    """Whatever stands for an object."""

    @property
    def key(self) -> str:
        """The object's key."""


Wanted = TypeVar("Wanted", bound=Keyed)


class OutOfOrder(RuntimeError):
    """A list is not in the order of its keys: what seems to be missing in it may only stand elsewhere."""


def side_by_side(
    wanted: Iterable[Wanted], stored: Iterable[StoredObject]
) -> Iterator[tuple[Wanted | None, StoredObject | None]]:
    """Pairs of the same key, with None for what one list does not have; memory does not grow. Raises `OutOfOrder`."""
    left, right = _in_order(wanted), _in_order(stored)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.key < other.key):
            yield one, None
            one = next(left, None)
        elif one is None or other.key < one.key:
            yield None, other
            other = next(right, None)
        else:
            yield one, other
            one, other = next(left, None), next(right, None)


def _in_order(listed: Iterable[Wanted]) -> Iterator[Wanted]:
    last = ""
    for one in listed:
        if one.key <= last:
            raise OutOfOrder(f"{one.key} comes after {last}")
        last = one.key
        yield one
