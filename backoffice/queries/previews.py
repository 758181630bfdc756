"""Lectures for who has not bought the course: free previews, and drafts for their author and staff (C-4, L-1)."""

from dataclasses import dataclass

from sqlalchemy import func, select

from backoffice.access import Action, Actor
from backoffice.db import db
from backoffice.models.content import Lecture, Revision
from backoffice.models.courses import Course
from backoffice.queries.learning import FileView, LectureView, QuestionView, files, lecture, questions


def preview(slug: str, node_id: int) -> tuple[str, LectureView, list[FileView]] | None:
    """Course title, content and files of a lecture that is free for everybody, of a live revision alone (C-4, L-7)."""
    query = (
        select(Revision.id, Revision.title)
        .join(Course, Course.live_revision_id == Revision.id)
        .join(Lecture, Lecture.revision_id == Revision.id)
        .where(Course.slug == slug, Course.blocked_at.is_(None), Lecture.node_id == node_id, Lecture.free_preview)
    )
    row = db.session.execute(query).one_or_none()
    found = lecture(row.id, node_id, 0) if row is not None else None
    return (row.title, found, files(row.id, node_id)) if row is not None and found is not None else None


@dataclass(frozen=True, slots=True)
class DraftView:
    """A lecture of a draft as a student will see it, with the title of its course."""

    title: str
    lecture: LectureView
    files: list[FileView]
    questions: list[QuestionView]


def draft_preview(slug: str, node_id: int, viewer: Actor) -> DraftView | None:
    """A lecture of the open draft, for the author and staff alone (L-1, L-8)."""
    query = (
        select(Revision.id, Revision.title)
        .join(Course, Revision.id == func.coalesce(Course.draft_revision_id, Course.live_revision_id))
        .where(Course.slug == slug)
    )
    if not viewer.may(Action.SEE_ALL_COURSES):
        query = query.where(Course.author_id == viewer.user_id)
    row = db.session.execute(query).one_or_none()
    found = lecture(row.id, node_id, 0) if row is not None else None
    if row is None or found is None:
        return None
    return DraftView(row.title, found, files(row.id, node_id), questions(row.id, node_id, 0))
