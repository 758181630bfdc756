"""`flask courses …`: courses as archives, from the server's console (docs/course-archive.md)."""

import shutil
import tempfile
import time
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import force_locale

from backoffice.access import Action
from backoffice.db import db
from backoffice.errors import DomainError
from backoffice.integrations.archives.zips import ArchiveTooLarge
from backoffice.integrations.storage.house import part_path
from backoffice.models.media import UploadKind, UploadState
from backoffice.operations import uploads
from backoffice.queries import course_archives
from backoffice.queries.media import upload_status
from backoffice.queries.versions import revision_ids
from backoffice.queries.viewers import Viewer, user_id_by_email, viewer_by_id
from backoffice.tasks import packing
from backoffice.tasks.actors import archives

courses_group = AppGroup("courses", help="Courses as archives.")
LOOK_AGAIN_S = 1.0


@courses_group.command("import")
@click.argument("email")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_archive(email: str, archive: Path) -> None:
    """Make a draft of ARCHIVE in the name of the author with this e-mail; its videos are prepared by the workers."""
    author = _author(email)
    try:
        upload = uploads.begin(
            actor=author.actor, kind=UploadKind.ARCHIVE, filename=archive.name, size=archive.stat().st_size
        )
        shutil.copyfile(archive, part_path(upload.id))
        uploads.receive(actor=author.actor, upload_id=upload.id, offset=upload.size)
    except DomainError as error:
        raise click.ClickException(str(error.message)) from error
    archives.import_course(upload_id=upload.id)
    while not (status := upload_status(upload.id)) or not status.finished:
        # A worker was faster.
        db.session.close()
        time.sleep(LOOK_AGAIN_S)
    _tell(course_archives.imported(upload.id), failed=status.state is UploadState.FAILED)


def _author(email: str) -> Viewer:
    user_id = user_id_by_email(email)
    author = viewer_by_id(user_id) if user_id is not None else None
    if author is None or not author.actor.may(Action.EDIT_COURSES):
        raise click.ClickException(f"there is no author with {email}")
    return author


def _tell(found: course_archives.ImportView, *, failed: bool) -> None:
    for problem in found.problems:
        click.echo(f"{problem['place']}: {problem['what']}" if problem["place"] else problem["what"], err=True)
    if failed:
        raise click.ClickException(f"nothing was taken in ({found.error_code})")
    for note in found.asset["notes"]:
        click.echo(note)
    click.echo(f"course {found.asset['course_id']}: {found.asset['title']}; {found.files} files are being prepared")


@courses_group.command("export")
@click.argument("course_id", type=int)
@click.argument("archive", type=click.Path(exists=False, path_type=Path))
@click.option("--version", type=int, help="Number of the version; the newest one without it.")
def export_archive(course_id: int, archive: Path, version: int | None) -> None:
    """Write a version of a course to ARCHIVE, which must not exist yet."""
    ids = revision_ids(course_id)
    number = max(ids, default=0) if version is None else version
    if number not in ids:
        raise click.ClickException("there is no such course, or no such version of it")
    if archive.exists():
        raise click.ClickException(f"{archive} exists already")
    contents = course_archives.contents(ids[number])
    db.session.close()
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".archive-") as work, force_locale("en"):
        written = Path(work) / "course.zip"
        try:
            remarks = packing.pack(contents, written, Path(work), lambda _size: None)
        except ArchiveTooLarge as error:
            raise click.ClickException("the texts of the course are larger than an archive may have") from error
        written.rename(archive)
    for remark in remarks:
        click.echo(remark, err=True)
    click.echo(f"{archive}: version {number} of course {course_id}, {archive.stat().st_size:,} bytes")
