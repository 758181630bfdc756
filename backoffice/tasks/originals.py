"""Files that browsers have sent straight into the bucket: brought to the worker, and cleared away in the end (X-5)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage.base import INCOMING, ObjectMissing
from backoffice.integrations.storage.house import part_path, parts, storage
from backoffice.queries.media import uploads_with_use_of_their_file

AT_ONCE = 500


def bring(upload_id: str, *, on_progress: Callable[[], None]) -> None:
    """Have the file of this upload where one that came to the house itself lies; nothing happens when there is none."""
    target = part_path(upload_id)
    if target.is_file():
        return
    coming = target.with_suffix(".coming")
    try:
        storage().fetch(f"{INCOMING}/{upload_id}", coming, on_progress=on_progress)
    except ObjectMissing:
        return
    coming.replace(target)


def clear_incoming() -> int:
    """Delete what came, or began to, for uploads that are done, gone or failed long ago (T-4); returns how many."""
    bucket = parts()
    if bucket is None:
        return 0
    needless = _without_use(storage().list(INCOMING))
    for key in needless:
        storage().delete(key)
    begun = _without_use(bucket.begun(INCOMING))
    for key in begun:
        bucket.abort(key)
    return len(needless) + len(begun)


def _without_use(keys: Iterator[str]) -> list[str]:
    failed_since = clock.now() - timedelta(hours=settings().upload_hours)
    found: list[str] = []
    while batch := {key.partition("/")[2]: key for key in islice(keys, AT_ONCE)}:
        used = uploads_with_use_of_their_file(set(batch), failed_since=failed_since)
        db.session.rollback()
        found += [key for upload_id, key in batch.items() if upload_id not in used]
    return found
