"""Uploads on their way: receiving, attempts under a lease, sweeps (T-1 to T-5)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from backoffice import clock
from backoffice.access import SYSTEM, Actor
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.models.outbox import OutboxEvent
from backoffice.models.timeline import Transition
from backoffice.operations import uploads
from backoffice.operations.quotas import MIB
from backoffice.operations.texts import clean_filename
from backoffice.operations.upload_rows import LeaseLost
from backoffice.operations.uploads import GAVE_UP, Work
from backoffice.outbox import Event
from tests.factories.people import Cast

SIZE = 3 * MIB
LATER = timedelta(hours=1)


def begun(owner: Actor) -> Upload:
    return uploads.begin(actor=owner, kind=UploadKind.VIDEO, filename="lecture.mp4", size=SIZE)


def received(owner: Actor) -> Upload:
    return uploads.receive(actor=owner, upload_id=begun(owner).id, offset=SIZE)


def started(upload: Upload) -> int:
    work = uploads.start_processing(actor=SYSTEM, upload_id=upload.id)
    assert isinstance(work, Work)
    return work.attempt


def stored(upload: Upload) -> Upload:
    db.session.expire_all()
    return db.session.get_one(Upload, upload.id)


def events(name: Event) -> int:
    return db.session.scalar(select(func.count(OutboxEvent.id)).where(OutboxEvent.name == name.value)) or 0


def moves(upload: Upload) -> list[str]:
    query = select(Transition.to_state).where(Transition.subject == "upload", Transition.subject_id == upload.id)
    return list(db.session.scalars(query.order_by(Transition.id)))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("лекция 1.mp4", "лекция 1.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\videos\\a.mov", "a.mov"),
        ("evil\u202egpj.exe\x00", "evilgpj.exe"),
        ("", "upload"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_are_for_showing_only(given: str, shown: str) -> None:
    assert clean_filename(given) == shown


def test_b8_only_authors_upload(cast: Cast) -> None:
    for person in (cast.student, cast.admin, cast.visitor):
        with pytest.raises(NotAllowed):
            begun(person)
    assert begun(cast.owner).state is UploadState.RECEIVING


def test_b8_a_picture_is_no_video_and_nobody_announces_files_without_end(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        uploads.begin(actor=cast.owner, kind=UploadKind.IMAGE, filename="a.png", size=21 * MIB)
    assert (refused.value.code, refused.value.data["limit_mb"]) == ("upload.too_large", 20)
    first, *_others = (begun(cast.owner) for _number in range(settings().max_open_uploads))
    with pytest.raises(Refused, match=r"upload\.too_many"):
        begun(cast.owner)
    assert begun(cast.other_author).state is UploadState.RECEIVING
    uploads.discard(actor=cast.owner, upload_id=first.id)
    assert begun(cast.owner).state is UploadState.RECEIVING


@pytest.mark.parametrize(("size", "code"), [(0, "upload.empty"), (5120 * MIB + 1, "upload.too_large")])
def test_sizes_that_are_refused(cast: Cast, size: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        uploads.begin(actor=cast.owner, kind=UploadKind.VIDEO, filename="a.mp4", size=size)
    assert refused.value.code == code


def test_t1_the_last_byte_tells_the_workers_once(cast: Cast) -> None:
    upload = begun(cast.owner)
    uploads.receive(actor=cast.owner, upload_id=upload.id, offset=MIB)
    assert (stored(upload).offset, stored(upload).state) == (MIB, UploadState.RECEIVING)
    for _twice in range(2):
        uploads.receive(actor=cast.owner, upload_id=upload.id, offset=SIZE)
    assert stored(upload).state is UploadState.UPLOADED
    assert events(Event.UPLOAD_RECEIVED) == 1
    assert moves(upload) == ["receiving", "uploaded"]


def test_x5_nobody_else_touches_an_upload(cast: Cast) -> None:
    upload = begun(cast.owner)
    for person in (cast.other_author, cast.admin):
        with pytest.raises(NotFound):
            uploads.receive(actor=person, upload_id=upload.id, offset=1)
        with pytest.raises(NotFound):
            uploads.discard(actor=person, upload_id=upload.id)
    with pytest.raises(NotFound):
        uploads.retry(actor=cast.other_author, upload_id=upload.id)


def test_discarding_ends_with_the_last_byte(cast: Cast) -> None:
    upload = begun(cast.owner)
    uploads.discard(actor=cast.owner, upload_id=upload.id)
    with pytest.raises(NotFound):
        uploads.receive(actor=cast.owner, upload_id=upload.id, offset=1)
    with pytest.raises(Conflict, match=r"upload\.received"):
        uploads.discard(actor=cast.owner, upload_id=received(cast.owner).id)


def test_t2_one_attempt_at_a_time(cast: Cast) -> None:
    upload = received(cast.owner)
    attempt = started(upload)
    with pytest.raises(Conflict, match=r"upload\.busy"):
        uploads.start_processing(actor=SYSTEM, upload_id=upload.id)
    uploads.start_transcoding(actor=SYSTEM, upload_id=upload.id, attempt=attempt)
    uploads.progress(actor=SYSTEM, upload_id=upload.id, attempt=attempt, percent=40)
    assert (stored(upload).state, stored(upload).percent) == (UploadState.TRANSCODING, 40)
    for _twice in range(2):
        uploads.complete(
            actor=SYSTEM, upload_id=upload.id, attempt=attempt, asset={"master": "m"}, product_bytes=7, duration_s=3
        )
    done = stored(upload)
    assert (done.state, done.percent, done.asset, done.duration_s) == (UploadState.DONE, 100, {"master": "m"}, 3)
    assert done.lease_until is None
    assert events(Event.UPLOAD_PROCESSED) == 1
    assert uploads.start_processing(actor=SYSTEM, upload_id=upload.id) is None
    assert moves(upload) == ["receiving", "uploaded", "checking", "transcoding", "done"]


def test_b8_only_the_house_processes(cast: Cast) -> None:
    upload = received(cast.owner)
    with pytest.raises(NotAllowed):
        uploads.start_processing(actor=cast.owner, upload_id=upload.id)
    for sweep in (uploads.requeue_stuck, uploads.expire_unfinished):
        with pytest.raises(NotAllowed):
            sweep(actor=cast.admin)


def test_t3_a_worker_that_lost_its_lease_changes_nothing(cast: Cast) -> None:
    upload = received(cast.owner)
    first = started(upload)
    with clock.at(clock.now() + LATER):
        second = started(upload)
        for step in (
            lambda: uploads.start_transcoding(actor=SYSTEM, upload_id=upload.id, attempt=first),
            lambda: uploads.progress(actor=SYSTEM, upload_id=upload.id, attempt=first, percent=9),
            lambda: uploads.complete(
                actor=SYSTEM, upload_id=upload.id, attempt=first, asset={}, product_bytes=1, duration_s=1
            ),
            lambda: uploads.fail(actor=SYSTEM, upload_id=upload.id, attempt=first, error_code="damaged", detail=""),
            lambda: uploads.give_back(actor=SYSTEM, upload_id=upload.id, attempt=first, detail=""),
        ):
            with pytest.raises(LeaseLost):
                step()
    assert (second, stored(upload).attempt, stored(upload).state) == (2, 2, UploadState.CHECKING)


def test_t5_signs_of_life_keep_the_lease(cast: Cast) -> None:
    upload = received(cast.owner)
    attempt = started(upload)
    moment = clock.now()
    for _minute in range(30):
        moment += timedelta(seconds=settings().task_lease_seconds - 1)
        with clock.at(moment):
            uploads.progress(actor=SYSTEM, upload_id=upload.id, attempt=attempt, percent=1)
            assert uploads.requeue_stuck(actor=SYSTEM) == 0
    assert stored(upload).state is UploadState.CHECKING


def test_retry_of_a_failed_file_by_owner_and_staff(cast: Cast) -> None:
    for person in (cast.owner, cast.moderator):
        upload = received(cast.owner)
        attempt = started(upload)
        uploads.fail(actor=SYSTEM, upload_id=upload.id, attempt=attempt, error_code="damaged", detail="bits")
        assert (stored(upload).state, stored(upload).error_code) == (UploadState.FAILED, "damaged")
        before = events(Event.UPLOAD_RECEIVED)
        for _twice in range(2):
            uploads.retry(actor=person, upload_id=upload.id)
        assert (stored(upload).state, stored(upload).error_code) == (UploadState.UPLOADED, None)
        assert events(Event.UPLOAD_RECEIVED) == before + 1


def test_t4_lost_workers_are_replaced_until_it_is_given_up(cast: Cast) -> None:
    upload = received(cast.owner)
    moment = clock.now()
    for attempt in range(1, settings().task_attempts + 1):
        with clock.at(moment):
            assert started(upload) == attempt
            assert uploads.requeue_stuck(actor=SYSTEM) == 0
        moment += LATER
        with clock.at(moment):
            assert uploads.requeue_stuck(actor=SYSTEM) == 1
            assert uploads.requeue_stuck(actor=SYSTEM) == 0
    assert (stored(upload).state, stored(upload).error_code) == (UploadState.FAILED, GAVE_UP)
    assert events(Event.UPLOAD_RECEIVED) == settings().task_attempts
    assert events(Event.UPLOAD_PROCESSED) == 1


def test_t4_unfinished_files_are_forgotten_in_time(cast: Cast) -> None:
    idle, whole = begun(cast.owner), received(cast.owner)
    active = begun(cast.owner)
    end = idle.expires_at
    with clock.at(end - LATER):
        uploads.receive(actor=cast.owner, upload_id=active.id, offset=MIB)
    with clock.at(end):
        assert uploads.expire_unfinished(actor=SYSTEM) == [idle.id]
        assert uploads.expire_unfinished(actor=SYSTEM) == []
    assert set(db.session.scalars(select(Upload.id))) == {whole.id, active.id}


def test_the_database_refuses_a_failure_without_reason(cast: Cast) -> None:
    upload = begun(cast.owner)
    upload.state = UploadState.FAILED
    with unguarded(), pytest.raises(IntegrityError, match="failed_has_reason"):
        db.session.commit()
    db.session.rollback()
