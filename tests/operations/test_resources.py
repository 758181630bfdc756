"""Files for download of a lecture: C-4, L-1, L-6, L-9."""

import pytest
from sqlalchemy import func, select

from backoffice.db import db
from backoffice.errors import DomainError, NotFound, Refused
from backoffice.integrations.checks.registry import run_checks
from backoffice.models.content import Lecture, Resource, Revision
from backoffice.models.courses import Course
from backoffice.models.media import UploadKind, UploadState
from backoffice.operations import editing, outline, removals, resources, revisions, uploads
from backoffice.operations.merging import fingerprints
from backoffice.operations.tree import RESOURCES_MAX
from backoffice.queries.contents import content_diff
from backoffice.queries.snapshots import snapshot_of, submissions_waiting_for, thresholds
from tests.factories.courses import draft_course, live_course, upload
from tests.factories.people import Cast


def first_lecture(course: Course) -> int:
    revision_id = course.draft_revision_id or course.live_revision_id
    query = select(Lecture.node_id).where(Lecture.revision_id == revision_id).order_by(Lecture.id).limit(1)
    return db.session.scalars(query).one()


def titles(revision_id: int | None) -> list[str]:
    query = select(Resource.title, Resource.position).where(Resource.revision_id == revision_id)
    rows = db.session.execute(query.order_by(Resource.lecture_id, Resource.position)).all()
    return [row.title for row in rows]


def hang(cast: Cast, course: Course, *, named: str = "", state: UploadState = UploadState.DONE) -> Resource:
    made = resources.add_resource(
        actor=cast.owner,
        course_id=course.id,
        lecture_node_id=first_lecture(course),
        upload_id=upload(cast.owner, kind=UploadKind.FILE, state=state).id,
    )
    if named:
        rename = {"typed": {"title": named}, "shown": fingerprints({"title": made.title})}
        editing.save_resource(actor=cast.owner, course_id=course.id, node_id=made.node_id, **rename)
    return made


def test_c4_files_are_hung_on_a_lecture_named_and_put_in_order(cast: Cast) -> None:
    course = draft_course(cast.owner)
    first = hang(cast, course)
    assert titles(course.draft_revision_id) == ["lecture.mp4"]
    hang(cast, course, named="Sheet")
    resources.move_resource(actor=cast.owner, course_id=course.id, node_id=first.node_id, by=1)
    assert titles(course.draft_revision_id) == ["Sheet", "lecture.mp4"]


def test_c4_the_same_file_twice_is_there_once(cast: Cast) -> None:
    course = draft_course(cast.owner)
    file = upload(cast.owner, kind=UploadKind.FILE)
    where = {"actor": cast.owner, "course_id": course.id, "lecture_node_id": first_lecture(course)}
    nodes = {resources.add_resource(**where, upload_id=file.id).node_id for _click in range(2)}
    assert len(nodes) == 1
    assert titles(course.draft_revision_id) == ["lecture.mp4"]


def test_c4_only_the_authors_own_file_that_has_arrived_can_be_hung(cast: Cast) -> None:
    course = draft_course(cast.owner)
    where = {"actor": cast.owner, "course_id": course.id, "lecture_node_id": first_lecture(course)}
    for file in (
        upload(cast.other_author, kind=UploadKind.FILE).id,
        upload(cast.owner, kind=UploadKind.VIDEO).id,
        upload(cast.owner, kind=UploadKind.FILE, state=UploadState.RECEIVING).id,
        "nothing",
        "nul \0",
    ):
        with pytest.raises(Refused, match=r"upload\.unusable"):
            resources.add_resource(**where, upload_id=file)
    with pytest.raises(NotFound):
        resources.add_resource(**where | {"actor": cast.other_author}, upload_id=upload(cast.other_author).id)
    assert db.session.scalar(select(func.count(Resource.id))) == 0


def test_c4_there_is_an_end_to_files(cast: Cast) -> None:
    course = draft_course(cast.owner)
    for _number in range(RESOURCES_MAX):
        hang(cast, course)
    with pytest.raises(Refused, match=r"content\.too_many"):
        hang(cast, course)


def test_c4_a_lecture_is_copied_deleted_and_brought_back_with_its_files(cast: Cast) -> None:
    course = draft_course(cast.owner)
    revision_id, lecture = course.draft_revision_id, first_lecture(course)
    hang(cast, course, named="One")
    hang(cast, course, named="Two")
    who = {"actor": cast.owner, "course_id": course.id}
    copy = outline.duplicate_lecture(**who, node_id=lecture)
    assert titles(revision_id) == ["One", "Two", "One", "Two"]
    removals.delete_lecture(**who, node_id=copy.node_id)
    kept = removals.delete_lecture(**who, node_id=lecture)
    assert titles(revision_id) == []
    removals.bring_back(**who, removed_id=kept.id)
    assert titles(revision_id) == ["One", "Two"]


def test_l1_a_file_alone_is_deleted_and_brought_back_where_it_was(cast: Cast) -> None:
    course = draft_course(cast.owner)
    who = {"actor": cast.owner, "course_id": course.id}
    for name in ("One", "Two", "Three"):
        hang(cast, course, named=name)
    two = db.session.scalars(select(Resource).where(Resource.title == "Two")).one()
    kept = removals.delete_resource(**who, node_id=two.node_id)
    assert (kept.title, titles(course.draft_revision_id)) == ("Two", ["One", "Three"])
    removals.bring_back(**who, removed_id=kept.id)
    assert titles(course.draft_revision_id) == ["One", "Two", "Three"]


def test_l9_a_new_draft_carries_the_files_under_their_keys(cast: Cast) -> None:
    course = live_course(cast.owner)
    first = hang(cast, course, named="Kept")
    with_file = course.draft_revision_id or 0
    removals.delete_resource(actor=cast.owner, course_id=course.id, node_id=first.node_id)
    hang(cast, course, named="Other")
    revisions.discard_draft(actor=cast.owner, course_id=course.id)
    revisions.restore(actor=cast.owner, course_id=course.id, number=2)
    again = db.session.get_one(Course, course.id, populate_existing=True).draft_revision_id
    assert again != with_file
    rows = db.session.scalars(select(Resource).where(Resource.revision_id == again)).all()
    assert [row.title for row in rows] == ["Other"]
    lectures = select(Lecture.revision_id).where(Lecture.id.in_([row.lecture_id for row in rows]))
    assert db.session.scalars(lectures).all() == [again]


def test_l6_the_difference_tells_of_files(cast: Cast) -> None:
    course = live_course(cast.owner)
    made = hang(cast, course, named="Sheet")
    course = db.session.get_one(Course, course.id, populate_existing=True)
    found = content_diff(course.live_revision_id, course.draft_revision_id or 0)
    (node,) = [node for node in found.nodes if node.changes]
    assert (node.kind, node.title, node.changes, node.file_id) == (
        "resource",
        "Sheet",
        frozenset({"added"}),
        made.upload_id,
    )


def test_l3_the_checks_wait_for_files_read_their_names_and_refuse_what_failed(cast: Cast) -> None:
    course = draft_course(cast.owner)
    waiting = hang(cast, course, state=UploadState.CHECKING)
    revision_id = course.draft_revision_id or 0
    assert snapshot_of(revision_id).is_waiting
    assert submissions_waiting_for(waiting.upload_id) == []
    removals.delete_resource(actor=cast.owner, course_id=course.id, node_id=waiting.node_id)
    failed = hang(cast, course, named="Write to me: olga.sells@gmail.com", state=UploadState.FAILED)
    snapshot = snapshot_of(revision_id)
    assert not snapshot.is_waiting
    found = {(finding.code, finding.place.node_id) for finding in run_checks(snapshot.course, thresholds())}
    assert ("resource_failed", failed.node_id) in found
    assert any(code.startswith("contact") or "mail" in code for code, node in found if node == failed.node_id), found


@pytest.mark.parametrize(
    ("filename", "size", "code"),
    [
        ("macro.exe", 10, "upload.type"),
        ("no ending", 10, "upload.type"),
        ("page.html", 10, "upload.type"),
        ("../../evil.pdf\u202efdp.exe", 10, "upload.type"),
        ("large.pdf", 201 * 1024 * 1024, "upload.too_large"),
        ("empty.pdf", 0, "upload.empty"),
    ],
)
def test_c4_files_of_other_kinds_and_sizes_are_refused_before_a_byte_is_sent(
    cast: Cast, filename: str, size: int, code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        uploads.begin(actor=cast.owner, kind=UploadKind.FILE, filename=filename, size=size)
    assert refused.value.code == code


def test_l6_a_live_revision_is_not_written(cast: Cast) -> None:
    course = live_course(cast.owner)
    hang(cast, course)
    assert titles(course.live_revision_id) == []
    assert db.session.scalar(select(func.count(Revision.id))) == 2
