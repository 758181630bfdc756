"""One lecture, one question and the lists of choices, as the studio's editors show them (C-1, C-4, C-5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, cast, literal, select, union_all

from backoffice import clock
from backoffice.db import db
from backoffice.models.catalogues import Category, Language, RejectionReason, Skill, SkillArea
from backoffice.models.content import Lecture, LectureKind, NodeKind, Question, RemovedNode
from backoffice.models.review import Submission
from backoffice.queries.captions import Track, tracks

REMOVED_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a catalogue in both languages."""

    id: str
    english: str
    russian: str

    def name(self, in_russian: bool) -> str:
        """The name in the reader's language."""
        return self.russian if in_russian else self.english


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen for a course: entries that are not retired (C-8)."""

    categories: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    skills: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class LectureDetails:
    """A lecture as its editor needs it."""

    node_id: int
    title: str
    kind: LectureKind
    body: str
    video_upload_id: str | None
    free_preview: bool
    captions: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class QuestionDetails:
    """A question as its editor needs it; `options` as stored."""

    node_id: int
    lecture_node_id: int
    text: str
    explanation: str
    options: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What came back for a submission: findings as stored, reasons in both languages, the moderator's own words."""

    findings: tuple[dict[str, Any], ...]
    reasons: tuple[Choice, ...]
    note: str


def choices() -> Choices:
    """All lists of the texts' form. One statement."""
    area = SkillArea.name_en + ": ", SkillArea.name_ru + ": "
    rows = db.session.execute(
        union_all(
            _entries("categories", Category.id, Category.name_en, Category.name_ru).where(
                Category.retired_at.is_(None)
            ),
            _entries("languages", Language.code, Language.name_en, Language.name_ru).where(
                Language.retired_at.is_(None)
            ),
            _entries("skills", Skill.id, area[0] + Skill.name_en, area[1] + Skill.name_ru)
            .join(SkillArea, SkillArea.id == Skill.area_id)
            .where(Skill.retired_at.is_(None)),
        ).order_by("english")
    ).all()
    lists = {
        which: tuple(Choice(row.id, row.english, row.russian) for row in rows if row.which == which)
        for which in ("categories", "languages", "skills")
    }
    return Choices(**lists)


def _entries(which: str, key: Any, english: Any, russian: Any) -> Select[Any]:
    return select(
        literal(which).label("which"), cast(key, Text).label("id"), english.label("english"), russian.label("russian")
    )


def lecture_details(revision_id: int, node_id: int) -> LectureDetails | None:
    """One lecture of a revision. One statement."""
    lecture = db.session.scalar(select(Lecture).where(Lecture.revision_id == revision_id, Lecture.node_id == node_id))
    if lecture is None:
        return None
    return LectureDetails(
        *(lecture.node_id, lecture.title, lecture.kind, lecture.body, lecture.video_upload_id, lecture.free_preview),
        captions=tracks(lecture.captions),
    )


def question_details(revision_id: int, node_id: int) -> QuestionDetails | None:
    """One question of a revision. One statement."""
    row = db.session.execute(
        select(Question, Lecture.node_id)
        .join(Lecture, Lecture.id == Question.lecture_id)
        .where(Question.revision_id == revision_id, Question.node_id == node_id)
    ).one_or_none()
    if row is None:
        return None
    question = row.Question
    return QuestionDetails(question.node_id, row.node_id, question.text, question.explanation, tuple(question.options))


def decision(submission_id: int) -> Decision:
    """What the checks or a moderator answered. One statement."""
    rows = db.session.execute(
        select(Submission.findings, Submission.note, RejectionReason)
        .outerjoin(RejectionReason, Submission.reasons.has_key(RejectionReason.code))
        .where(Submission.id == submission_id)
        .order_by(RejectionReason.position)
    ).all()
    reasons = tuple(
        Choice(row.RejectionReason.code, row.RejectionReason.text_en, row.RejectionReason.text_ru)
        for row in rows
        if row.RejectionReason is not None
    )
    return Decision(tuple(rows[0].findings), reasons, rows[0].note)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was deleted from a draft and can be brought back."""

    id: int
    kind: NodeKind
    title: str
    removed_at: datetime


def removed(course_id: int) -> list[Removed]:
    """What was deleted lately from the course, the newest first. One statement."""
    query = (
        select(RemovedNode.id, RemovedNode.kind, RemovedNode.title, RemovedNode.removed_at)
        .where(
            RemovedNode.course_id == course_id,
            RemovedNode.restored_at.is_(None),
            RemovedNode.removed_at >= clock.now() - RemovedNode.KEPT,
        )
        .order_by(RemovedNode.id.desc())
        .limit(REMOVED_SHOWN)
    )
    return [Removed(*row) for row in db.session.execute(query)]
