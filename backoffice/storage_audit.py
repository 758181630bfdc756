"""Proves that the storage holds what the rows point at, and finds what nobody points at (X-5)."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from backoffice import clock
from backoffice.integrations.storage.base import Storage, StoredObject, nobody
from backoffice.integrations.storage.comparing import side_by_side
from backoffice.queries.stored import WantedObject, is_known, may_be_wanted, wanted_objects

# A task that makes objects has ended long before.
ORPHAN_AGE = timedelta(days=1)


class Trouble(StrEnum):
    """What is wrong with an object."""

    MISSING = "MISSING"
    WRONG_SIZE = "SIZE"
    ORPHAN = "ORPHAN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Finding:
    """One object that is not as it should be: as the row wants it, and as the storage has it."""

    trouble: Trouble
    key: str
    want: WantedObject | None
    found: StoredObject | None


class Audit:
    """One walk over rows and storage side by side, in memory that hardly grows with either."""

    def __init__(self, kept: Storage, *, on_object: Callable[[], None] = nobody) -> None:
        self._kept = kept
        self._on_object = on_object
        self.wanted = 0
        self.stored = 0
        self.stored_bytes = 0
        # Without a row, but so new that one may follow.
        self.young = 0
        self.troubles: Counter[Trouble] = Counter()

    def findings(self) -> Iterator[Finding]:
        """Each object that is not as it should be, in the order of keys; the figures are whole when it ends."""
        for want, found in side_by_side(wanted_objects(), self._kept.scan("")):
            if want is not None:
                self.wanted += 1
            if found is not None:
                self.stored += 1
                self.stored_bytes += found.size
            self._on_object()
            trouble = self._lost(want, found) if want else self._needless(found) if found else None
            if trouble is not None:
                self.troubles[trouble] += 1
                yield Finding(trouble, want.key if want else found.key if found else "", want, found)

    def _lost(self, want: WantedObject, found: StoredObject | None) -> Trouble | None:
        if found is None:
            # It may have come since the listing passed its place.
            return Trouble.MISSING if self._kept.head(want.key) is None else None
        return Trouble.WRONG_SIZE if want.size not in (None, found.size) else None

    def _needless(self, found: StoredObject) -> Trouble | None:
        if not is_known(found.key):
            return Trouble.UNKNOWN
        if clock.now() - found.modified_at < ORPHAN_AGE or may_be_wanted(found.key):
            self.young += 1
            return None
        return Trouble.ORPHAN
