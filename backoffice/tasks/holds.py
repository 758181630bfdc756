"""Files that wait for this machine: it has no room, or no ffmpeg that can do the work. No author's fault (T-3, T-4)."""

import errno
import logging
import shutil
from pathlib import Path

from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.integrations.storage.house import uploads_folder
from backoffice.integrations.video.ffmpeg import FfmpegMissing, doctor, find_ffmpeg
from backoffice.integrations.video.hls import TranscodeFailed
from backoffice.integrations.video.probe import VideoRefused
from backoffice.operations import held_uploads
from backoffice.operations.held_uploads import DISK_FULL, NOT_EQUIPPED

log = logging.getLogger(__name__)

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
# What may as well be the doing of an ffmpeg that lacks something.
_AMBIGUOUS = ("ffmpeg_failed", "damaged")


class NoRoom(Exception):
    """The disk has less room than the work on a file may need."""


def require_room(source: Path) -> None:
    """Raises `NoRoom` before anything is begun that would fill the disk."""
    needed, free = held_uploads.room_needed(source.stat().st_size), _free_bytes()
    if free < needed:
        raise NoRoom(f"{free} bytes are free, {needed} are needed")


def reason_to_wait(error: Exception) -> str | None:
    """The code under which the file waits, when it is this machine that failed and not the file; None otherwise."""
    if isinstance(error, NoRoom) or (isinstance(error, OSError) and error.errno in _NO_ROOM):
        return DISK_FULL
    if isinstance(error, TranscodeFailed) and error.code == "disk_full":
        return DISK_FULL
    if isinstance(error, FfmpegMissing):
        return NOT_EQUIPPED
    if isinstance(error, (TranscodeFailed, VideoRefused)) and error.code in _AMBIGUOUS and not is_equipped():
        return NOT_EQUIPPED
    return None


def is_equipped() -> bool:
    """Whether the ffmpeg of this machine can do all that the pipeline asks of it; the log says what it lacks."""
    try:
        ffmpeg = find_ffmpeg(settings().ffmpeg_binary or None)
    except FfmpegMissing as missing:
        log.error("ffmpeg is missing: %s", missing)
        return False
    problems = doctor(ffmpeg)
    for problem in problems:
        log.log(
            logging.ERROR if problem.fatal else logging.WARNING, "%s: %s (%s)", ffmpeg, problem.code, problem.detail
        )
    return not any(problem.fatal for problem in problems)


def release() -> int:
    """Queue the files again that the machine has room or means for by now (T-4); returns how many."""
    waiting = held_uploads.codes_waited_for(actor=SYSTEM)
    if not waiting:
        return 0
    equipped = NOT_EQUIPPED in waiting and is_equipped()
    return held_uploads.release(actor=SYSTEM, room_bytes=_free_bytes(), equipped=equipped)


def _free_bytes() -> int:
    return shutil.disk_usage(uploads_folder()).free
