"""Courses as archives: written for their authors, and swept when their time is over, as are all exports (T-4, T-5)."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask_babel import force_locale

from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.archives.zips import ArchiveTooLarge
from backoffice.integrations.storage.house import storage
from backoffice.operations import exports
from backoffice.queries import course_archives
from backoffice.queries import exports as export_queries
from backoffice.tasks import packing
from backoffice.tasks.registry import actor

TOO_LARGE = "too_large"
TELL_EVERY_S = 1.0


@actor(queue="media", long=True)
def write_course_export(*, export_id: int) -> None:
    """Write the archive of an export; can run any number of times, a lost worker's half archive is never seen (T-2)."""
    export = export_queries.by_id(export_id)
    if export is None or export.revision_id is None:
        return
    contents = course_archives.contents(export.revision_id)
    db.session.rollback()
    if exports.start(actor=SYSTEM, export_id=export_id, total=packing.size_of(contents)) is None:
        return
    told = _Progress(export_id)
    with _folder(export_id) as folder, force_locale(export.locale):
        ready = folder / "ready"
        ready.mkdir()
        try:
            remarks = packing.pack(contents, ready / "course.zip", folder, told.more)
        except ArchiveTooLarge:
            exports.fail(actor=SYSTEM, export_id=export_id, error_code=TOO_LARGE)
            return
        size = (ready / "course.zip").stat().st_size
        storage().put_tree(f"export/{export_id}", ready)
    exports.finish(
        actor=SYSTEM, export_id=export_id, file_key=f"export/{export_id}/course.zip", done=size, remarks=remarks
    )


class _Progress:
    """Counts bytes and tells of them, at most once a second."""

    def __init__(self, export_id: int) -> None:
        self._export_id, self._done, self._told_at = export_id, 0, time.monotonic()

    def more(self, size: int) -> None:
        """So many bytes were written."""
        self._done += size
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            exports.progress(actor=SYSTEM, export_id=self._export_id, done=self._done)


def _work_place() -> Path:
    place = settings().var_dir.absolute() / "exports"
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def _folder(export_id: int) -> Iterator[Path]:
    """An empty folder for this export; what a lost worker has left is gone."""
    folder = _work_place() / str(export_id)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def expire_exports() -> int:
    """Delete a batch of files whose time is over, whatever they hold; returns how many. Call until it returns 0."""
    over = export_queries.over()
    db.session.rollback()
    for export_id, key in over.items():
        # First the file: should this stop in between, it is done again.
        storage().delete(key)
        exports.expire(actor=SYSTEM, export_id=export_id)
    return len(over)


def clear_work() -> int:
    """Delete folders of exports that nobody works on any more; returns how many."""
    found = {int(path.name): path for path in _work_place().iterdir()}
    needed = export_queries.open_ones(set(found))
    db.session.rollback()
    needless = [path for export_id, path in found.items() if export_id not in needed]
    for path in needless:
        shutil.rmtree(path, ignore_errors=True)
    return len(needless)
