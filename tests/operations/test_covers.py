"""The part of its picture that a cover shows (C-1, L-6, rule 4)."""

from dataclasses import asdict

import pytest
from sqlalchemy import func, select

from backoffice.db import db, unguarded
from backoffice.errors import Conflict, DomainError, NotFound, Refused
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.operations import covers
from backoffice.operations.covers import Crop
from tests.factories.courses import draft_course, live_course, upload
from tests.factories.people import Cast

WHOLE = {"name": "whole.webp", "width": 1280, "height": 1280, "size_bytes": 9}
SQUARE = {"format": "PNG", "width": 1000, "height": 1000, "renditions": [], "whole": WHOLE}


def with_cover(cast: Cast, course: Course, **asset: object) -> Upload:
    """The course's cover: a square of 1000 points a side."""
    cover = upload(cast.owner, kind=UploadKind.IMAGE)
    with unguarded():
        cover.asset = SQUARE | asset
        for revision in db.session.scalars(select(Revision).where(Revision.course_id == course.id)):
            revision.cover_upload_id = cover.id
        db.session.commit()
    return cover


def test_c1_another_part_of_the_picture_becomes_the_drafts_cover(cast: Cast) -> None:
    course = live_course(cast.owner)
    cover = with_cover(cast, course)
    crop = Crop(x=0, y=4000, width=10_000)
    asked = {"actor": cast.owner, "course_id": course.id, "shown_upload_id": cover.id, "crop": crop}
    made = covers.crop_cover(**asked)
    assert (made.source_id, made.crop, made.state) == (cover.id, asdict(crop), UploadState.UPLOADED)
    course = db.session.get_one(Course, course.id, populate_existing=True)
    shown = {
        revision.id: revision.cover_upload_id
        for revision in db.session.scalars(select(Revision).execution_options(populate_existing=True))
    }
    assert shown == {course.live_revision_id: cover.id, course.draft_revision_id: made.id}
    # The same once more, as a second click sends it.
    assert covers.crop_cover(**asked).id == made.id
    assert db.session.scalar(select(func.count(Upload.id))) == 2


def test_c1_a_part_of_a_part_is_cut_from_the_original(cast: Cast) -> None:
    course = draft_course(cast.owner)
    cover = with_cover(cast, course)
    who = {"actor": cast.owner, "course_id": course.id}
    first = covers.crop_cover(**who, shown_upload_id=cover.id, crop=Crop(x=0, y=0, width=10_000))
    second = covers.crop_cover(**who, shown_upload_id=first.id, crop=Crop(x=100, y=0, width=9_000))
    assert (first.source_id, second.source_id) == (cover.id, cover.id)


@pytest.mark.parametrize(
    "crop",
    [
        Crop(x=-1, y=0, width=10_000),
        Crop(x=0, y=-1, width=10_000),
        Crop(x=100, y=0, width=10_000),
        Crop(x=0, y=4_400, width=10_000),
        Crop(x=0, y=0, width=4_700),
        Crop(x=0, y=0, width=0),
        Crop(x=10**12, y=10**12, width=10**12),
    ],
)
def test_c1_a_part_outside_the_picture_or_too_small_is_refused(cast: Cast, crop: Crop) -> None:
    course = draft_course(cast.owner)
    cover = with_cover(cast, course)
    with pytest.raises(Refused, match=r"crop\.senseless"):
        covers.crop_cover(actor=cast.owner, course_id=course.id, shown_upload_id=cover.id, crop=crop)
    assert db.session.scalar(select(func.count(Upload.id))) == 1


def test_rule4_a_cover_that_is_not_the_shown_one_any_more_or_not_ready(cast: Cast) -> None:
    course = draft_course(cast.owner)
    crop = Crop(x=0, y=0, width=10_000)
    who = {"actor": cast.owner, "course_id": course.id, "crop": crop}
    old, cover = with_cover(cast, course), with_cover(cast, course)
    for shown, code in ((old.id, "cover.changed"), ("", "cover.changed")):
        with pytest.raises(Conflict) as refused:
            covers.crop_cover(**who, shown_upload_id=shown)
        assert refused.value.code == code
    with unguarded():
        cover.asset = {"format": "PNG", "width": 1000, "height": 1000, "renditions": []}
        db.session.commit()
    with pytest.raises(Conflict, match=r"cover\.no_original"):
        covers.crop_cover(**who, shown_upload_id=cover.id)
    with pytest.raises(NotFound):
        covers.crop_cover(**who | {"actor": cast.other_author}, shown_upload_id=cover.id)
    with pytest.raises(DomainError):
        covers.crop_cover(**who | {"actor": cast.moderator}, shown_upload_id=cover.id)
