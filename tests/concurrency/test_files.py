"""Files of one person at the same moment: room, deleting, using (X-5)."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice.db import db
from backoffice.models.content import Lecture, LectureKind, Module, Revision
from backoffice.models.media import Upload, UploadKind
from backoffice.operations import content, own_files, uploads, users
from backoffice.operations.content import LectureTexts
from backoffice.operations.quotas import MIB
from tests.concurrency.test_money import CLIENTS, codes, together
from tests.factories.courses import draft_course, upload
from tests.factories.people import make_cast


def test_x5_eight_announcements_at_once_take_no_more_than_the_room(committed_app: Flask) -> None:
    cast = make_cast()
    owner = cast.owner
    users.set_quota(actor=cast.admin, user_id=owner.person_id, quota_mb=10)

    def announce() -> str:
        return uploads.begin(actor=owner, kind=UploadKind.VIDEO, filename="a.mp4", size=4 * MIB).id

    assert codes(together(committed_app, [announce] * CLIENTS)) == {"ok": 2, "upload.quota": CLIENTS - 2}
    assert db.session.scalar(select(func.sum(Upload.size))) == 8 * MIB


@pytest.mark.parametrize("run", range(3))
def test_x5_a_file_is_either_deleted_or_used(committed_app: Flask, run: int) -> None:
    owner = make_cast().owner
    course = draft_course(owner)
    video = upload(owner)
    video_id, course_id = video.id, course.id
    node_id = content.add_lecture(
        actor=owner,
        course_id=course_id,
        module_node_id=db.session.scalars(select(Module.node_id)).one(),
        title="Moving",
        kind=LectureKind.VIDEO,
    ).node_id
    version = db.session.get_one(Revision, course.draft_revision_id, populate_existing=True).version
    db.session.rollback()

    def use() -> None:
        texts = LectureTexts(title="Moving", video_upload_id=video_id)
        content.edit_lecture(actor=owner, course_id=course_id, node_id=node_id, version=version, texts=texts)

    def delete() -> None:
        own_files.delete(actor=owner, upload_id=video_id)

    found = codes(together(committed_app, [use, delete]))
    used = db.session.scalar(select(Lecture.video_upload_id).where(Lecture.node_id == node_id)) is not None
    assert found == ({"ok": 1, "upload.in_use": 1} if used else {"ok": 1, "upload.unusable": 1})
    assert used == (db.session.get(Upload, video_id) is not None)
