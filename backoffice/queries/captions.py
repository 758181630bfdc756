"""Captions as they are offered, played, downloaded and compared (C-4, L-8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, or_, select

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db
from backoffice.models.content import Caption, Lecture
from backoffice.models.courses import Course
from backoffice.models.purchases import Enrolment


@dataclass(frozen=True, slots=True)
class Track:
    """Captions of a lecture in one language."""

    language: str
    label: str
    caption_id: int
    cues: int


def tracks(captions: Iterable[dict[str, Any]]) -> tuple[Track, ...]:
    """What stands in a lecture's column."""
    return tuple(Track(one["language"], one["label"], one["caption_id"], one["cues"]) for one in captions)


def caption_text(caption_id: int) -> str | None:
    """The WebVTT; None when there is none. Whoever asks has checked the right. One statement."""
    return db.session.scalar(select(Caption.text).where(Caption.id == caption_id))


def may_read_caption(caption_id: int, viewer_id: int) -> bool:
    """Whether it belongs to one's own course, or to one to which one has access now (M-4). One statement."""
    enrolled = exists().where(
        Enrolment.course_id == Course.id, Enrolment.student_id == viewer_id, Enrolment.open_at(clock.now())
    )
    query = (
        select(Caption.id)
        .join(Course, Course.id == Caption.course_id)
        .where(Caption.id == caption_id, or_(Course.author_id == viewer_id, enrolled))
    )
    return db.session.scalar(query) is not None


def is_free_caption(caption_id: int) -> bool:
    """Whether everybody may watch a video with these captions: a free lecture of what is live and not blocked (C-4)."""
    shown = (Lecture.names_caption(caption_id), Lecture.free_preview, Course.blocked_at.is_(None))
    query = select(Lecture.id).join(Course, Course.live_revision_id == Lecture.revision_id).where(*shown).limit(1)
    return db.session.scalar(query) is not None


def readable_texts(viewer: Actor, caption_ids: Iterable[int]) -> dict[int, str]:
    """Those of the texts that belong to the viewer's own courses, for staff to any (L-8). One statement."""
    query = (
        select(Caption.id, Caption.text)
        .join(Course, Course.id == Caption.course_id)
        .where(Caption.id.in_(list(caption_ids)))
    )
    if not viewer.may(Action.SEE_ALL_COURSES):
        query = query.where(Course.author_id == viewer.user_id)
    return {row.id: row.text for row in db.session.execute(query)}
