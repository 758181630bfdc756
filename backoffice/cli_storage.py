"""`flask storage …`: proving that the media are all there, and moving them into a bucket (X-5)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
from flask.cli import AppGroup

from backoffice import clock
from backoffice.config import settings
from backoffice.integrations.storage.base import StorageAway
from backoffice.integrations.storage.house import local_storage, s3_storage, storage
from backoffice.integrations.storage.moving import NotArrived, lacking, move
from backoffice.storage_audit import ORPHAN_AGE, Audit, Finding, Trouble

storage_group = AppGroup("storage", help="The media, in a folder or a bucket.")

TELL_EVERY_S = 5.0
UNITS = ("B", "KB", "MB", "GB", "TB")


@storage_group.command("check")
@click.option("--delete-orphans", is_flag=True, help="Delete orphans that are older than a day.")
def check_storage(delete_orphans: bool) -> None:
    """Compare the storage with the rows that point into it; exits with 1 when they do not agree.

    MISSING is pointed at and not there, SIZE is not as large as its row says, ORPHAN is pointed at by no row and older
    than a day. UNKNOWN lies where the house keeps nothing: it is never deleted.
    """
    progress = _Progress(lambda: f"{audit.stored:,} objects looked at")
    audit, deleted, unfinished = Audit(storage(), on_object=progress.tell), 0, 0
    click.echo(f"looking through {_folder() if settings().storage == 'local' else _bucket()}")
    with _reachable():
        for finding in audit.findings():
            if delete_orphans and finding.trouble is Trouble.ORPHAN:
                storage().delete(finding.key)
                deleted += 1
            click.echo(_line(finding))
        if delete_orphans:
            unfinished = storage().discard_unfinished(before=clock.now() - ORPHAN_AGE)
    counts = ", ".join(f"{audit.troubles[trouble]:,} {trouble}" for trouble in Trouble)
    click.echo(f"{audit.stored:,} objects ({_size(audit.stored_bytes)}), {audit.wanted:,} wanted: {counts}")
    if audit.young:
        click.echo(f"{audit.young:,} objects without a row are too new to tell, or still being made")
    if delete_orphans:
        click.echo(f"{deleted:,} orphans deleted, {unfinished:,} writes that were killed in the middle")
    left = audit.troubles.total() - deleted
    click.echo("The storage does NOT agree with the rows." if left else "The storage holds what the rows point at.")
    if left:
        raise SystemExit(1)


def _line(finding: Finding) -> str:
    facts = ""
    if finding.want and finding.found:
        facts = f"  {finding.found.size:,} bytes instead of {finding.want.size:,}"
    elif finding.found:
        facts = f"  {_size(finding.found.size)}, since {finding.found.modified_at:%Y-%m-%d %H:%M} UTC"
    return f"{finding.trouble:8}{finding.key}{facts}"


@storage_group.command("migrate")
def migrate_storage() -> None:
    """Copy all media from VAR_DIR/media into the bucket of the S3_* settings.

    It may be stopped and run again: only what the bucket lacks is sent. The folder is not changed.
    """
    if not settings().s3_bucket:
        raise click.ClickException("S3_BUCKET must name the bucket to move to, and S3_ENDPOINT_URL its server")
    folder, bucket = local_storage(settings()), s3_storage(settings())
    click.echo(f"from {_folder()} to {_bucket()}")
    with _reachable():
        moved = _Moved(*_extent())
        progress = _Progress(moved.line)
        for step in move(folder, bucket):
            moved.count(step.size, sent=step.sent)
            progress.tell()
        click.echo(moved.line())
        lost = 0
        for here, lacks in lacking(folder, bucket):
            if lacks:
                lost += 1
                click.echo(f"MISSING {here.key}")
    if lost:
        raise click.ClickException(f"{lost:,} objects are not in the bucket as they are in the folder; run this again")
    click.echo("All of it is in the bucket, each object with its size.")
    click.echo(_what_next())


def _extent() -> tuple[int, int]:
    """Objects and bytes of the folder."""
    objects = size = 0
    for found in local_storage(settings()).scan(""):
        objects += 1
        size += found.size
    return objects, size


def _what_next() -> str:
    if settings().storage == "local":
        return (
            "Now set STORAGE=s3 for all processes and restart them. Then run this once more, for what was finished"
            " meanwhile, and `flask storage check`."
        )
    return f"Run `flask storage check`; when it is content, {_folder()} is needed no more."


class _Moved:
    """How far a move is, in objects and bytes."""

    def __init__(self, objects: int, size: int) -> None:
        self._objects, self._bytes = objects, size
        self._passed = self._passed_bytes = self._sent = self._sent_bytes = 0
        self._began = time.monotonic()

    def count(self, size: int, *, sent: bool) -> None:
        """One object more is there, by this run or by one before."""
        self._passed += 1
        self._passed_bytes += size
        if sent:
            self._sent += 1
            self._sent_bytes += size

    def line(self) -> str:
        """All of it in a line."""
        passed = f"{self._passed:,} of {self._objects:,} objects, {_size(self._passed_bytes)} of {_size(self._bytes)}"
        speed = self._sent_bytes / max(time.monotonic() - self._began, 0.001)
        sent = f"{self._sent:,} sent now ({_size(self._sent_bytes)}, {_size(speed)}/s)"
        if self._passed >= self._objects or not speed:
            return f"{passed}; {sent}"
        left_s = (self._bytes - self._passed_bytes) / speed
        return f"{passed}; {sent}; about {left_s / 60:.0f} min left"


@dataclass
class _Progress:
    """A line now and then to whoever waits; results alone are on the standard output."""

    line: Callable[[], str]
    told_at: float = 0.0

    def __post_init__(self) -> None:
        self.told_at = time.monotonic()

    def tell(self) -> None:
        """The line, when it is time for it."""
        if time.monotonic() - self.told_at >= TELL_EVERY_S:
            self.told_at = time.monotonic()
            click.echo(self.line(), err=True)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except StorageAway as away:
        raise click.ClickException(
            f"the storage does not answer: {away.reason}\nRun this again when it does."
        ) from away
    except NotArrived as lost:
        raise click.ClickException(f"{lost} has not arrived whole; run this again") from lost


def _folder() -> str:
    return f"the folder {settings().var_dir.absolute() / 'media'}"


def _bucket() -> str:
    chosen = settings()
    server = f" at {chosen.s3_endpoint_url}" if chosen.s3_endpoint_url else ""
    return f"s3://{chosen.s3_bucket}/{chosen.s3_prefix}{server}"


def _size(count: float) -> str:
    for unit in UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {UNITS[-1]}"
