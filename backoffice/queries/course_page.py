"""All that the page of one course shows (C-1, M-3, P-7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db
from backoffice.models.catalogues import Category, Language, Skill
from backoffice.models.content import Lecture, LectureKind, Level, Module, Question, Revision, RevisionSkill
from backoffice.models.courses import Course
from backoffice.models.learning import Review
from backoffice.models.media import Upload
from backoffice.models.people import AuthorProfile, User
from backoffice.models.purchases import Enrolment, Purchase, PurchaseState
from backoffice.progress import Progress, counts
from backoffice.queries.catalogue import Card, card, card_columns, on_sale

REVIEWS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class OutlineLecture:
    """A lecture as a visitor sees it; `duration` in seconds, 0 for texts."""

    node_id: int
    title: str
    is_video: bool
    free_preview: bool
    duration: int


@dataclass(frozen=True, slots=True)
class OutlineModule:
    """A module with its lectures."""

    title: str
    lectures: list[OutlineLecture]

    @property
    def duration(self) -> int:
        """Seconds of its lectures."""
        return sum(lecture.duration for lecture in self.lectures)


@dataclass(frozen=True, slots=True)
class ShownReview:
    """A review as everybody sees it."""

    name: str
    stars: int
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """What the course is to the viewer; `progress` is None without an open enrolment."""

    progress: Progress | None = None
    refundable_until: datetime | None = None
    stars: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class CoursePage:
    """The page of a course. `draft` is set where only the author and staff see it; texts are of the live revision."""

    card: Card
    description: str
    requirements: list[str]
    level: Level
    language: str
    category: str | None
    category_slug: str | None
    includes_certificate: bool
    access_days: int | None
    updated_at: datetime
    on_sale: bool
    draft: bool
    blocked: bool
    author_id: int
    is_own: bool
    author_slug: str
    author_headline: str
    questions: int
    modules: list[OutlineModule]
    skills: list[tuple[str, str]]
    reviews: list[ShownReview]
    distribution: dict[int, int]
    relation: Relation

    @property
    def lectures(self) -> int:
        """How many lectures there are in all modules."""
        return sum(len(module.lectures) for module in self.modules)


def course_page(slug: str, viewer: Actor, locale: str, *, of_draft: bool = False) -> CoursePage | None:
    """The page of a course for this viewer; None where they may not know of it (L-1, L-8). Six statements at most.

    The author and staff see a draft, and a blocked course; everybody else sees the live revision alone (L-7).
    `of_draft` shows them the open draft of a course that is live, where there is one.
    """
    row = db.session.execute(_head(slug, of_draft=of_draft)).one_or_none()
    if row is None:
        return None
    insider = row.author_id == viewer.user_id or viewer.may(Action.SEE_ALL_COURSES)
    draft, blocked = row.live_revision_id != row.revision_id, row.blocked_at is not None
    if (draft or blocked or of_draft) and not insider:
        return None
    suffix = "ru" if locale == "ru" else "en"
    return CoursePage(
        card=card(row),
        description=row.description,
        requirements=[line.strip(" -*") for line in row.requirements.splitlines() if line.strip(" -*")],
        level=row.level,
        language=row._mapping[f"language_{suffix}"],
        category=row._mapping[f"category_{suffix}"],
        category_slug=row.category_slug,
        includes_certificate=row.includes_certificate,
        access_days=row.access_days,
        updated_at=row.live_at or row.updated_at,
        on_sale=row.on_sale and not draft,
        draft=draft,
        blocked=blocked,
        author_id=row.author_id,
        is_own=row.author_id == viewer.user_id,
        author_slug=row.author_slug,
        author_headline=row.headline,
        questions=row.questions,
        modules=_outline(row.revision_id),
        skills=_skills(row.revision_id, suffix),
        reviews=_reviews(row.id),
        distribution=_distribution(row.id),
        relation=_relation(row.id, row.revision_id, viewer.user_id) if viewer.user_id else Relation(),
    )


def _head(slug: str, *, of_draft: bool) -> Select[*tuple[Any, ...]]:
    # A course that has never been live has its draft alone; whoever may not see it is turned away after this.
    shown = func.coalesce(Course.live_revision_id, Course.draft_revision_id)
    if of_draft:
        shown = func.coalesce(Course.draft_revision_id, Course.live_revision_id)
    questions = select(func.count()).select_from(Question).where(Question.revision_id == shown)
    return (
        card_columns(shown)
        .add_columns(
            Course.author_id,
            Course.live_revision_id,
            Course.blocked_at,
            on_sale().label("on_sale"),
            Revision.id.label("revision_id"),
            Revision.description,
            Revision.requirements,
            Revision.level,
            Revision.includes_certificate,
            Revision.access_days,
            Revision.live_at,
            Revision.updated_at,
            AuthorProfile.slug.label("author_slug"),
            AuthorProfile.headline,
            Category.slug.label("category_slug"),
            Category.name_en.label("category_en"),
            Category.name_ru.label("category_ru"),
            Language.name_en.label("language_en"),
            Language.name_ru.label("language_ru"),
            questions.correlate(Course).scalar_subquery().label("questions"),
        )
        .outerjoin(Category, Category.id == Revision.category_id)
        .join(Language, Language.code == Revision.language_code)
        .where(Course.slug == slug)
    )


def _outline(revision_id: int) -> list[OutlineModule]:
    query = (
        select(
            Module.id,
            Module.title,
            Lecture.node_id,
            Lecture.title,
            Lecture.kind,
            Lecture.free_preview,
            Upload.duration_s,
        )
        .outerjoin(Lecture, Lecture.module_id == Module.id)
        .outerjoin(Upload, Upload.id == Lecture.video_upload_id)
        .where(Module.revision_id == revision_id)
        .order_by(Module.position, Lecture.position)
    )
    modules: dict[int, OutlineModule] = {}
    for module_id, module_title, node_id, title, kind, free, seconds in db.session.execute(query):
        module = modules.setdefault(module_id, OutlineModule(module_title, []))
        if node_id is not None:
            module.lectures.append(OutlineLecture(node_id, title, kind is LectureKind.VIDEO, free, seconds or 0))
    return list(modules.values())


def _skills(revision_id: int, suffix: str) -> list[tuple[str, str]]:
    name = Skill.name_ru if suffix == "ru" else Skill.name_en
    query = (
        select(Skill.slug, name)
        .join(RevisionSkill, RevisionSkill.skill_id == Skill.id)
        .where(RevisionSkill.revision_id == revision_id)
        .order_by(name)
    )
    return [(slug, label) for slug, label in db.session.execute(query)]


def _reviews(course_id: int) -> list[ShownReview]:
    query = (
        select(User.name, Review.stars, Review.text, Review.updated_at)
        .join(User, User.id == Review.student_id)
        .where(Review.course_id == course_id)
        .order_by(Review.updated_at.desc(), Review.student_id)
        .limit(REVIEWS_SHOWN)
    )
    return [ShownReview(name, stars, text, at) for name, stars, text, at in db.session.execute(query)]


def _distribution(course_id: int) -> dict[int, int]:
    query = select(Review.stars, func.count()).where(Review.course_id == course_id).group_by(Review.stars)
    counted = {row[0]: row[1] for row in db.session.execute(query)}
    return {stars: counted.get(stars, 0) for stars in range(5, 0, -1)}


def _relation(course_id: int, revision_id: int, viewer_id: int) -> Relation:
    open_now = (Enrolment.student_id == User.id) & (Enrolment.course_id == course_id) & Enrolment.open_at(clock.now())
    refundable = (Purchase.id == Enrolment.purchase_id) & (Purchase.state == PurchaseState.RESERVED)
    query = (
        select(
            Enrolment.id,
            Enrolment.progress_floor,
            Purchase.refundable_until,
            Review.stars,
            Review.text,
            *(count.label(f"count_{place}") for place, count in enumerate(counts(revision_id, viewer_id))),
        )
        .select_from(User)
        .outerjoin(Enrolment, open_now)
        .outerjoin(Purchase, refundable)
        .outerjoin(Review, (Review.student_id == User.id) & (Review.course_id == course_id))
        .where(User.id == viewer_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return Relation()
    progress = Progress(*row[5:9], floor=row.progress_floor) if row.id is not None else None
    until = row.refundable_until if row.refundable_until and clock.now() < row.refundable_until else None
    return Relation(progress=progress, refundable_until=until, stars=row.stars, text=row.text or "")
