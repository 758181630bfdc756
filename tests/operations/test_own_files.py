"""Room for files: quotas, what counts, and deleting what nothing uses (X-5, B-3)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import Actor
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.content import Lecture, Module, RemovedNode, Revision
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.models.outbox import OutboxEvent
from backoffice.operations import own_files, quotas, removals, resources, uploads, users
from backoffice.operations.quotas import MIB
from backoffice.outbox import Event
from backoffice.queries.files import files_of, room_of
from tests.factories.courses import draft_course, live_course, upload
from tests.factories.people import Cast
from tests.factories.statements import selects


def begun(owner: Actor, size: int, kind: UploadKind = UploadKind.VIDEO) -> Upload:
    return uploads.begin(actor=owner, kind=kind, filename="lecture.mp4", size=size)


def changed(made: Upload, **values: object) -> Upload:
    with unguarded():
        row = db.session.get_one(Upload, made.id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()
    return row


def cleared() -> list[str]:
    query = select(OutboxEvent.payload).where(OutboxEvent.name == Event.PRODUCTS_UNUSED.value)
    return [payload["products_id"] for payload in db.session.scalars(query)]


def is_there(made: Upload) -> bool:
    db.session.expire_all()
    return db.session.get(Upload, made.id) is not None


def first_lecture(revision_id: int) -> Lecture:
    return db.session.scalars(select(Lecture).where(Lecture.revision_id == revision_id).order_by(Lecture.id)).first()


def shown_in(made: Upload, revision_id: int) -> int:
    """Put the video into the first lecture of the revision; its node."""
    with unguarded():
        lecture = first_lecture(revision_id)
        lecture.video_upload_id = made.id
        db.session.commit()
    return lecture.node_id


def test_x5_a_file_counts_as_it_came_until_its_products_are_there(cast: Cast) -> None:
    begun(cast.owner, 3 * MIB)
    assert room_of(cast.owner.person_id).taken == 3 * MIB
    done = changed(upload(cast.owner), product_bytes=500)
    twin = changed(upload(cast.owner), product_bytes=500, products_id=done.id)
    failed = upload(cast.owner, state=UploadState.FAILED)
    assert room_of(cast.owner.person_id).taken == 3 * MIB + 500 + 1000
    with clock.at(failed.updated_at + timedelta(hours=settings().upload_hours)):
        assert room_of(cast.owner.person_id).taken == 3 * MIB + 500
    assert {file.room for file in files_of(cast.owner.person_id)} == {3 * MIB, 500, 1000}
    assert {file.id for file in files_of(cast.owner.person_id) if file.shared} == {done.id, twin.id}
    assert room_of(cast.other_author.person_id).taken == 0


def test_x5_what_does_not_fit_is_refused_before_it_is_sent_and_admins_give_more(cast: Cast) -> None:
    owner = cast.owner.person_id
    users.set_quota(actor=cast.admin, user_id=owner, quota_mb=10)
    begun(cast.owner, 6 * MIB)
    with pytest.raises(Refused, match=r"upload\.quota.*4 MB.*5 MB") as refused:
        begun(cast.owner, 5 * MIB)
    assert refused.value.data["left"] == 4 * MIB
    begun(cast.owner, 4 * MIB)
    begun(cast.other_author, 5 * MIB)
    users.set_quota(actor=cast.admin, user_id=owner, quota_mb=20)
    begun(cast.owner, 5 * MIB)
    users.set_quota(actor=cast.admin, user_id=owner, quota_mb=1)
    assert quotas.room_left(owner) == 0
    users.set_quota(actor=cast.admin, user_id=owner, quota_mb=None)
    assert room_of(owner).quota == settings().author_quota_mb * MIB
    begun(cast.owner, 5 * MIB)


def test_b3_only_admins_give_room_and_never_to_themselves(cast: Cast) -> None:
    for person in (cast.owner, cast.moderator):
        with pytest.raises(NotAllowed):
            users.set_quota(actor=person, user_id=cast.owner.person_id, quota_mb=10**6)
    with pytest.raises(Refused, match=r"user\.self"):
        users.set_quota(actor=cast.admin, user_id=cast.admin.person_id, quota_mb=1)
    for senseless in (-1, 10**12):
        with pytest.raises(Refused, match=r"quota\.senseless"):
            users.set_quota(actor=cast.admin, user_id=cast.owner.person_id, quota_mb=senseless)
    with pytest.raises(NotFound):
        users.set_quota(actor=cast.admin, user_id=10**9, quota_mb=1)


def test_x5_what_nothing_uses_is_deleted_and_its_products_with_the_last_row(cast: Cast) -> None:
    done = upload(cast.owner)
    twin = changed(upload(cast.owner), products_id=done.id)
    own_files.delete(actor=cast.owner, upload_id=done.id)
    assert (is_there(done), is_there(twin), cleared()) == (False, True, [])
    own_files.delete(actor=cast.owner, upload_id=twin.id)
    assert (is_there(twin), cleared()) == (False, [done.id])
    with pytest.raises(NotFound):
        own_files.delete(actor=cast.owner, upload_id=twin.id)


def test_b8_nobody_deletes_files_of_others_or_files_in_work(cast: Cast) -> None:
    done = upload(cast.owner)
    for person in (cast.other_author, cast.admin):
        with pytest.raises(NotFound):
            own_files.delete(actor=person, upload_id=done.id)
    for state in (UploadState.RECEIVING, UploadState.UPLOADED, UploadState.CHECKING, UploadState.TRANSCODING):
        with pytest.raises(Conflict, match=r"upload\.in_work"):
            own_files.delete(actor=cast.owner, upload_id=upload(cast.owner, state=state).id)
    assert db.session.scalar(select(func.count(Upload.id))) == 5


def test_l6_a_file_of_any_version_is_kept(cast: Cast) -> None:
    course = live_course(cast.owner)
    video, cover = upload(cast.owner), upload(cast.owner, kind=UploadKind.IMAGE)
    node_id = shown_in(video, course.live_revision_id)
    with unguarded():
        db.session.get_one(Revision, course.live_revision_id).cover_upload_id = cover.id
        db.session.commit()
    # In the draft it is gone, in the live version it is not.
    removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node_id)
    for used in (video, cover):
        with pytest.raises(Conflict, match=r"upload\.in_use"):
            own_files.delete(actor=cast.owner, upload_id=used.id)
    assert {file.id: [use.deleted for use in file.uses] for file in files_of(cast.owner.person_id)} == {
        video.id: [False],
        cover.id: [False],
    }


def test_c4_files_for_download_and_originals_of_covers_are_kept_while_they_are_used(cast: Cast) -> None:
    course = draft_course(cast.owner)
    lecture = first_lecture(course.draft_revision_id)
    sheet = upload(cast.owner, kind=UploadKind.FILE)
    added = resources.add_resource(
        actor=cast.owner, course_id=course.id, lecture_node_id=lecture.node_id, upload_id=sheet.id
    )
    original = upload(cast.owner, kind=UploadKind.IMAGE)
    cropped = changed(upload(cast.owner, kind=UploadKind.IMAGE), source_id=original.id)
    with unguarded():
        db.session.get_one(Revision, course.draft_revision_id).cover_upload_id = cropped.id
        db.session.commit()

    def refused(*made: Upload) -> None:
        for one in made:
            with pytest.raises(Conflict, match=r"upload\.in_use"):
                own_files.delete(actor=cast.owner, upload_id=one.id)
        uses = {file.id: file.uses for file in files_of(cast.owner.person_id)}
        assert all(uses[one.id] for one in made)

    refused(sheet, original, cropped)
    removals.delete_resource(actor=cast.owner, course_id=course.id, node_id=added.node_id)
    # It can be brought back.
    refused(sheet)
    with clock.at(clock.now() + RemovedNode.KEPT + timedelta(hours=1)):
        own_files.delete(actor=cast.owner, upload_id=sheet.id)
    assert not is_there(sheet)


@pytest.mark.parametrize("whole_module", [False, True])
def test_l9_a_file_of_what_was_deleted_is_kept_as_long_as_that_can_come_back(cast: Cast, whole_module: bool) -> None:
    course = draft_course(cast.owner)
    video = upload(cast.owner)
    node_id = shown_in(video, course.draft_revision_id)
    if whole_module:
        module_node = db.session.scalar(select(Module.node_id).where(Module.revision_id == course.draft_revision_id))
        removals.delete_module(actor=cast.owner, course_id=course.id, node_id=module_node)
    else:
        removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node_id)
    with pytest.raises(Conflict, match=r"upload\.in_use"):
        own_files.delete(actor=cast.owner, upload_id=video.id)
    [file] = files_of(cast.owner.person_id)
    assert [(use.course_id, use.deleted) for use in file.uses] == [(course.id, True)]
    with clock.at(clock.now() + RemovedNode.KEPT + timedelta(hours=1)):
        assert files_of(cast.owner.person_id)[0].can_be_deleted
        own_files.delete(actor=cast.owner, upload_id=video.id)
    assert not is_there(video)


def test_the_list_takes_as_many_statements_for_one_file_as_for_twenty(cast: Cast) -> None:
    course = live_course(cast.owner, lectures=2)
    counts = []
    for many in (1, 19):
        for _number in range(many):
            shown_in(upload(cast.owner), course.live_revision_id)
        with selects() as seen:
            room_of(cast.owner.person_id)
            files_of(cast.owner.person_id)
        counts.append(len(seen))
    assert counts == [3, 3]


def test_the_list_pages_by_size(cast: Cast) -> None:
    made = [changed(upload(cast.owner), product_bytes=number % 7) for number in range(40)]
    seen, after = [], ""
    while page := files_of(cast.owner.person_id, after=after):
        seen += [file.id for file in page]
        after = page[-1].key
    assert len(seen) == len(set(seen)) == len(made)
    assert files_of(cast.owner.person_id, after="nonsense.x")[0].room == 6
