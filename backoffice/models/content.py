"""Content: revisions and their tree of modules, lectures, questions and resources (C-3 to C-5, L-6, L-9)."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class RevisionState(StrEnum):
    """Where one state of the content stands on its way to the buyers."""

    DRAFT = "draft"
    MODERATING = "moderating"
    REJECTED = "rejected"
    IN_REVIEW = "in_review"
    LIVE = "live"
    ARCHIVED = "archived"


class Level(StrEnum):
    """For whom a course is."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"
    ALL = "all"


class LectureKind(StrEnum):
    """What a lecture consists of."""

    VIDEO = "video"
    TEXT = "text"


class NodeKind(StrEnum):
    """What a stable key stands for."""

    MODULE = "module"
    LECTURE = "lecture"
    QUESTION = "question"
    RESOURCE = "resource"
    ASSIGNMENT = "assignment"


EDITABLE = frozenset({RevisionState.DRAFT, RevisionState.REJECTED})
SUBMITTED = frozenset({RevisionState.MODERATING, RevisionState.IN_REVIEW})


class Node(Base):
    """The identity of a part of the tree over all revisions (L-9); progress and positions hang on it."""

    __tablename__ = "node"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    kind: Mapped[NodeKind] = mapped_column(state_type(NodeKind))


class Revision(Base):
    """One full state of a course's content. LIVE and ARCHIVED are never written again; a submitted one is frozen."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("course_id", "number"),
        Index("uq_revision_live", "course_id", unique=True, postgresql_where=text("state = 'live'")),
        Index(
            "uq_revision_open",
            "course_id",
            unique=True,
            postgresql_where=text("state in ('draft', 'moderating', 'rejected', 'in_review')"),
        ),
        CheckConstraint("access_days > 0", name="access_days_positive"),
    )
    # L-2 to L-7. Withdrawing a submission leads back to DRAFT; a discarded change is archived without having lived.
    TRANSITIONS = {
        RevisionState.DRAFT: {RevisionState.MODERATING, RevisionState.ARCHIVED},
        RevisionState.REJECTED: {RevisionState.MODERATING, RevisionState.ARCHIVED},
        RevisionState.MODERATING: {
            RevisionState.DRAFT,
            RevisionState.REJECTED,
            RevisionState.IN_REVIEW,
            RevisionState.LIVE,
        },
        RevisionState.IN_REVIEW: {RevisionState.DRAFT, RevisionState.REJECTED, RevisionState.LIVE},
        RevisionState.LIVE: {RevisionState.ARCHIVED},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", name="fk_revision_course_id"))
    number: Mapped[int]
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id"))
    state: Mapped[RevisionState] = mapped_column(state_type(RevisionState), default=RevisionState.DRAFT)
    # Raised by every edit: an editor that saves over somebody else's change is told (rule 4).
    version: Mapped[int] = mapped_column(default=1)

    title: Mapped[str] = mapped_column(Text)
    short_description: Mapped[str] = mapped_column(Text, default="")
    description: Mapped[str] = mapped_column(Text, default="")
    requirements: Mapped[str] = mapped_column(Text, default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    level: Mapped[Level] = mapped_column(state_type(Level), default=Level.ALL)
    language_code: Mapped[str] = mapped_column(ForeignKey("language.code"), default="en")
    cover_upload_id: Mapped[str | None] = mapped_column(ForeignKey("upload.id"), index=True)
    includes_certificate: Mapped[bool] = mapped_column(default=False)
    access_days: Mapped[int | None]

    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    live_at: Mapped[datetime | None]


class RevisionSkill(Base):
    """A skill that a course promises (C-1)."""

    __tablename__ = "revision_skill"

    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), primary_key=True, index=True)


class Module(Base):
    """A part of a course (C-3)."""

    __tablename__ = "module"

    # A bulk reorder passes through equal positions, hence deferred.
    __table_args__ = (
        UniqueConstraint("revision_id", "node_id"),
        UniqueConstraint("revision_id", "position", deferrable=True, initially="DEFERRED"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    title: Mapped[str] = mapped_column(Text)
    position: Mapped[int]


class Lecture(Base):
    """A video or a text (C-4)."""

    __tablename__ = "lecture"
    __table_args__ = (
        UniqueConstraint("revision_id", "node_id"),
        UniqueConstraint("module_id", "position", deferrable=True, initially="DEFERRED"),
        Index(
            "ix_lecture_captions",
            "captions",
            postgresql_using="gin",
            postgresql_ops={"captions": "jsonb_path_ops"},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    module_id: Mapped[int] = mapped_column(ForeignKey("module.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    kind: Mapped[LectureKind] = mapped_column(state_type(LectureKind))
    body: Mapped[str] = mapped_column(Text, default="")
    video_upload_id: Mapped[str | None] = mapped_column(ForeignKey("upload.id"), index=True)
    free_preview: Mapped[bool] = mapped_column(default=False)
    # Of the video, in the order in which they are offered, one of a language:
    # {"language": code, "label": str, "caption_id": int, "cues": int}.
    captions: Mapped[list[Any]] = mapped_column(default=list)

    @classmethod
    def names_caption(cls, caption_id: Any) -> ColumnElement[bool]:
        """Whether a lecture has the captions with this id, a number or a column."""
        entry = func.jsonb_build_object("caption_id", caption_id)
        return cls.captions.op("@>", is_comparison=True)(func.jsonb_build_array(entry))


class Caption(Base):
    """The text of captions as clean WebVTT, never changed: versions of the course share it by naming its id (L-6)."""

    __tablename__ = "caption"
    __table_args__ = (
        UniqueConstraint("course_id", "sha256"),
        CheckConstraint("cues between 1 and 10000", name="number_of_cues"),
        Index("ix_caption_used_at", "used_at"),
    )
    # As long as what was deleted with it can come back.
    KEPT = timedelta(days=30)

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    sha256: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    cues: Mapped[int]
    # When it was last put to a lecture.
    used_at: Mapped[datetime] = mapped_column(default=clock.now)


class TreePart(Base):
    """What hangs on a module or a lecture, at its place among the others of its kind."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    position: Mapped[int]


class Assignment(TreePart):
    """Something to do for the students of a module (C-3); `body` is Markdown."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("revision_id", "node_id"),
        UniqueConstraint("module_id", "position", deferrable=True, initially="DEFERRED"),
    )

    module_id: Mapped[int] = mapped_column(ForeignKey("module.id"))
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text, default="")


class LecturePart(TreePart):
    """What hangs on a lecture."""

    __abstract__ = True

    lecture_id: Mapped[int] = mapped_column(ForeignKey("lecture.id"))


class Question(LecturePart):
    """A question with 2 to 10 options, one or several of them right (C-5).

    `options` is a list of {"key": str, "text": str, "right": bool}; keys are stable within the question.
    """

    __tablename__ = "question"
    __table_args__ = (
        UniqueConstraint("revision_id", "node_id"),
        UniqueConstraint("lecture_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("jsonb_array_length(options) between 2 and 10", name="two_to_ten_options"),
    )

    text: Mapped[str] = mapped_column(Text)
    options: Mapped[list[Any]]
    explanation: Mapped[str] = mapped_column(Text, default="")


class Resource(LecturePart):
    """A file that students of a lecture may take with them (C-4). Its own name is the upload's; `title` is shown."""

    __tablename__ = "resource"
    __table_args__ = (
        UniqueConstraint("revision_id", "node_id"),
        UniqueConstraint("lecture_id", "position", deferrable=True, initially="DEFERRED"),
    )

    title: Mapped[str] = mapped_column(Text)
    upload_id: Mapped[str] = mapped_column(ForeignKey("upload.id"), index=True)


class RemovedNode(Base):
    """A part of the tree that was deleted from a draft, with all that was in it, so that it can come back.

    `content` is the row without its place, with what was below it. `parent_node_id` is None for a module.
    """

    __tablename__ = "removed_node"
    __table_args__ = (Index("ix_removed_node_course", "course_id", "id"),)
    KEPT = timedelta(days=30)
    # Where in `content` the ids of uploads stand: videos of lectures, and their files for download.
    UPLOADS = '$.** ? (@.type() == "object").keyvalue() ? (@.key == "video_upload_id" || @.key == "upload_id").value'

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    parent_node_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    kind: Mapped[NodeKind] = mapped_column(state_type(NodeKind))
    title: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    content: Mapped[dict[str, Any]]
    removed_at: Mapped[datetime] = mapped_column(default=clock.now)
    restored_at: Mapped[datetime | None]
