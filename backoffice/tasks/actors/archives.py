"""Archives become courses: read, checked, their files copied out, and everything taken in at once (L-1, T-2 to T-5)."""

import logging
import os
import shutil
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from flask_babel import force_locale
from flask_babel import gettext as _

from backoffice.access import SYSTEM, Actor
from backoffice.config import settings
from backoffice.db import db
from backoffice.errors import DomainError
from backoffice.integrations.archives.model import ArchivedCourse
from backoffice.integrations.archives.problems import ArchiveRefused, Place, Problem, refused
from backoffice.integrations.archives.reading import read_course
from backoffice.integrations.archives.zips import OpenArchive, open_archive
from backoffice.integrations.storage.house import part_path, uploads_folder
from backoffice.models.media import UploadKind
from backoffice.operations import course_imports, uploads
from backoffice.operations.quotas import MIB
from backoffice.operations.upload_rows import LeaseLost, largest_mb
from backoffice.operations.uploads import Work
from backoffice.queries.media import upload_status
from backoffice.queries.viewers import Viewer, viewer_by_id
from backoffice.tasks import attempts, holds, originals
from backoffice.tasks.registry import actor

log = logging.getLogger(__name__)

DEFAULT_LOCALE = "en"
TELL_EVERY_S = 1.0
SPARE_BYTES = 512 * MIB
# What waits to be written to a slow disk must not outlast the lease.
SAFE_EVERY_BYTES = 256 * MIB


@actor(queue="media", long=True)
def import_course(*, upload_id: str) -> None:
    """One attempt at an archive. Its own fault ends in FAILED with what is wrong; any other is tried again (T-3)."""
    work = attempts.begin(upload_id)
    if work is None:
        return
    try:
        is_over = _attempt(upload_id, work)
    except LeaseLost:
        log.warning("attempt %d at archive %s was taken over", work.attempt, upload_id)
    else:
        if is_over:
            part_path(upload_id).unlink(missing_ok=True)


def _attempt(upload_id: str, work: Work) -> bool:
    """Whether the archive is needed no more: taken in, or refused."""
    status = upload_status(upload_id)
    owner = viewer_by_id(status.owner_id) if status is not None else None
    db.session.rollback()
    attempt = _Attempt(upload_id, work, owner)
    with force_locale(attempt.locale):
        try:
            attempt.run()
        except LeaseLost:
            raise
        except ArchiveRefused as refusal:
            attempt.refuse(refusal.problems)
        except DomainError as error:
            attempt.refuse([Problem(Place(name=error.data.get("field", "")), error.message)])
        except Exception as error:
            with suppress(LeaseLost):
                attempt.end(error)
            if holds.reason_to_wait(error) is None:
                raise
            return False
    return True


class _Attempt:
    """One try at one archive, in the name of its owner."""

    def __init__(self, upload_id: str, work: Work, owner: Viewer | None) -> None:
        self.locale = (owner.locale if owner is not None else None) or DEFAULT_LOCALE
        self._author = owner.actor if owner is not None else Actor(user_id=None, roles=frozenset())
        self._upload_id, self._number = upload_id, work.attempt
        self._upload_ids: dict[str, str] = {}
        self._done = self._total = 0
        self._told_at = time.monotonic()

    def run(self) -> None:
        """From the file to the draft. Raises `ArchiveRefused`, domain errors, `holds.NoRoom`."""
        source = part_path(self._upload_id)
        originals.bring(self._upload_id, on_progress=self._keep_lease)
        if not source.is_file():
            raise refused(Place(), _("The file that you sent is no longer here. Upload it again."))
        with open_archive(source, largest_mb(UploadKind.ARCHIVE) * MIB) as archive:
            course = read_course(archive.text())
            if problems := course_imports.problems_of(course):
                raise ArchiveRefused(problems)
            archive.require(course.media)
            _require_room(course)
            self._copy_out(archive, course)
        course_imports.take_in(
            actor=SYSTEM,
            author=self._author,
            upload_id=self._upload_id,
            attempt=self._number,
            course=course,
            upload_ids=self._upload_ids,
        )

    def _copy_out(self, archive: OpenArchive, course: ArchivedCourse) -> None:
        self._upload_ids = course_imports.announce(
            actor=SYSTEM, author=self._author, upload_id=self._upload_id, attempt=self._number, course=course
        )
        self._total = sum(each.size for each in course.media)
        for each in course.media:
            with part_path(self._upload_ids[each.file]).open("wb") as target:
                archive.copy(each, target, partial(self._copied, target))
                _keep_safe(target)

    def _copied(self, target: BinaryIO, size: int) -> None:
        """So many bytes more are copied: tell so, and keep the lease."""
        self._done += size
        if self._done // SAFE_EVERY_BYTES != (self._done - size) // SAFE_EVERY_BYTES:
            _keep_safe(target)
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            percent = 99 * self._done // self._total
            uploads.progress(actor=SYSTEM, upload_id=self._upload_id, attempt=self._number, percent=percent)

    def _keep_lease(self) -> None:
        uploads.progress(actor=SYSTEM, upload_id=self._upload_id, attempt=self._number, percent=0)

    def refuse(self, problems: tuple[Problem, ...] | list[Problem]) -> None:
        """Tell what is wrong, in the owner's language, and leave nothing behind."""
        worded = [problem.worded() for problem in problems]
        course_imports.refuse(actor=SYSTEM, upload_id=self._upload_id, attempt=self._number, problems=worded)
        self._clear()

    def end(self, error: Exception) -> None:
        """It broke for a reason that is not the archive's: wait for the house, try again, or give up at last (T-3)."""
        step: dict[str, Any] = {"actor": SYSTEM, "upload_id": self._upload_id, "attempt": self._number}
        step["detail"] = str(error)
        hold_code = holds.reason_to_wait(error)
        if hold_code is not None or self._number < settings().task_attempts:
            uploads.give_back(**step, hold_code=hold_code)
        else:
            course_imports.give_up(**step, error_code=getattr(error, "code", uploads.GAVE_UP))
        self._clear()

    def _clear(self) -> None:
        """Delete what was copied out, once it is sure that nothing was handed over: a lost connection may hide that."""
        for upload_id in self._upload_ids.values():
            part_path(upload_id).unlink(missing_ok=True)


def _keep_safe(target: BinaryIO) -> None:
    target.flush()
    os.fsync(target.fileno())


def _require_room(course: ArchivedCourse) -> None:
    needed = sum(each.size for each in course.media)
    folder: Path = uploads_folder()
    if needed and shutil.disk_usage(folder).free < needed + SPARE_BYTES:
        raise holds.NoRoom(f"{needed} bytes do not fit into {folder}")
