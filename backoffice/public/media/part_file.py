"""The file that collects the bytes of an upload: one writer at a time, flat memory, its size is the truth.

The lock is held for a block, not for a request: a sender whose line is dead must not shut out the one that goes on.
"""

import fcntl
import hashlib
import hmac
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO

from backoffice.integrations.storage.house import part_path

BLOCK_BYTES = 256 * 1024
COPY_BYTES = 1024 * 1024 * 1024
LOCK_WAIT_S = 2.0
LOCK_STEP_S = 0.05


class Busy(Exception):
    """Another request holds this file."""


class Overtaken(Exception):
    """Another request has written on: the file no longer ends where this one's next block belongs."""


class WrongChecksum(Exception):
    """The bytes are not those that were sent."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece must add up to: an algorithm of hashlib, and the digest."""

    algorithm: str
    digest: bytes


@contextmanager
def writing(upload_id: str) -> Iterator[BinaryIO]:
    """The file, open at its end and locked for all processes of this machine. Raises `Busy` after a short wait."""
    with part_path(upload_id).open("ab", buffering=0) as handle:
        until = time.monotonic() + LOCK_WAIT_S
        while not _lock(handle):
            if time.monotonic() >= until:
                raise Busy(upload_id)
            time.sleep(LOCK_STEP_S)
        yield handle


def _lock(handle: BinaryIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def received(upload_id: str) -> int:
    """Bytes that have come in and are in the file."""
    path = part_path(upload_id)
    return path.stat().st_size if path.exists() else 0


def size_of(handle: BinaryIO) -> int:
    """Bytes in the open file."""
    return os.fstat(handle.fileno()).st_size


def append(upload_id: str, stream: IO[bytes], offset: int, room: int) -> None:
    """Copy the stream to the file's end at `offset`, `room` bytes at most. What came before an error stays.

    Raises `Overtaken` and `Busy`, and whatever reading a broken connection raises.
    """
    while room and (block := stream.read(min(BLOCK_BYTES, room))):
        with writing(upload_id) as handle:
            if size_of(handle) != offset:
                raise Overtaken(upload_id)
            view = memoryview(block)
            while view:
                view = view[handle.write(view) :]
        offset += len(block)
        room -= len(block)


def append_checked(upload_id: str, stream: IO[bytes], offset: int, room: int, checksum: Checksum) -> None:
    """As `append`, but nothing comes into the file unless the whole piece is right. Raises `WrongChecksum`, too."""
    adder = hashlib.new(checksum.algorithm, usedforsecurity=False)
    with tempfile.TemporaryFile(dir=part_path(upload_id).parent) as piece:
        left = room
        while left and (block := stream.read(min(BLOCK_BYTES, left))):
            adder.update(block)
            piece.write(block)
            left -= len(block)
        if not hmac.compare_digest(adder.digest(), checksum.digest):
            raise WrongChecksum(upload_id)
        piece.seek(0)
        append(upload_id, piece, offset, room)


def put_together(handle: BinaryIO, part_ids: Sequence[str]) -> int:
    """Make the file anew of the files of its parts, safe on the disk; returns its size."""
    handle.truncate(0)
    for part_id in part_ids:
        with part_path(part_id).open("rb") as part:
            _copy(part, handle)
    keep_safe(handle)
    return size_of(handle)


def _copy(part: BinaryIO, whole: BinaryIO) -> None:
    """By the kernel, which on some file systems copies nothing at all; by hand where it cannot."""
    left = size_of(part)
    offset = size_of(whole)
    try:
        # A file that is open for appending cannot be the goal.
        with open(whole.name, "r+b", buffering=0) as goal:
            goal.seek(offset)
            while left and (copied := os.copy_file_range(part.fileno(), goal.fileno(), min(left, COPY_BYTES))):
                left -= copied
    except OSError:
        whole.truncate(offset)
        part.seek(0)
        shutil.copyfileobj(part, whole, BLOCK_BYTES)


def keep_safe(handle: BinaryIO) -> None:
    """Return when the bytes are on the disk."""
    os.fsync(handle.fileno())


def remove(upload_id: str) -> None:
    """Delete the file; nothing happens when there is none."""
    part_path(upload_id).unlink(missing_ok=True)
