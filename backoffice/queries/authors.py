"""Authors with what they have on sale (C-6)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from backoffice.db import db
from backoffice.models.courses import Course
from backoffice.models.people import AuthorProfile
from backoffice.queries.catalogue import Card, card, cards_select, on_sale

PAGE = 24
COURSES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Author:
    """An author in a list; `rating` is the mean over all reviews of their courses, 0 to 5 or None."""

    slug: str
    name: str
    headline: str
    courses: int
    students: int
    rating: float | None
    review_count: int


@dataclass(frozen=True, slots=True)
class AuthorPage:
    """An author with their texts and courses on sale; `about` is Markdown."""

    author: Author
    about: str
    expertise: list[str]
    years_of_teaching: int | None
    courses: list[Card]


def _authors() -> Select[*tuple[Any, ...]]:
    """Every author with counts over their courses on sale."""
    return (
        select(
            AuthorProfile.user_id,
            AuthorProfile.slug,
            AuthorProfile.display_name,
            AuthorProfile.headline,
            AuthorProfile.about,
            AuthorProfile.expertise,
            AuthorProfile.years_of_teaching,
            func.count(Course.id).label("courses"),
            func.coalesce(func.sum(Course.students_count), 0).label("students"),
            func.coalesce(func.sum(Course.rating_sum), 0).label("rating_sum"),
            func.coalesce(func.sum(Course.reviews_count), 0).label("reviews"),
        )
        .outerjoin(Course, (Course.author_id == AuthorProfile.user_id) & on_sale())
        .group_by(AuthorProfile.user_id)
    )


def _author(row: Any) -> Author:
    return Author(
        slug=row.slug,
        name=row.display_name,
        headline=row.headline,
        courses=row.courses,
        students=int(row.students),
        rating=float(row.rating_sum / row.reviews) if row.reviews else None,
        review_count=int(row.reviews),
    )


def authors(*, after: str | None = None, size: int = PAGE) -> tuple[list[Author], str | None]:
    """Authors with courses on sale, by address, and the key of the next page. One statement."""
    query = _authors().having(func.count(Course.id) > 0).order_by(AuthorProfile.slug).limit(size + 1)
    if after:
        query = query.where(AuthorProfile.slug > after)
    rows = list(db.session.execute(query))
    found = [_author(row) for row in rows[:size]]
    return found, found[-1].slug if len(rows) > size else None


def best_authors(limit: int) -> list[Author]:
    """Authors with the most students. One statement."""
    order = func.coalesce(func.sum(Course.students_count), 0).desc()
    query = _authors().having(func.count(Course.id) > 0).order_by(order, AuthorProfile.user_id)
    return [_author(row) for row in db.session.execute(query.limit(limit))]


def author_page(slug: str) -> AuthorPage | None:
    """One author; None when there is none. Two statements."""
    query = _authors().where(AuthorProfile.slug == slug)
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    listed = (
        cards_select().where(Course.author_id == row.user_id).order_by(Course.published_at.desc(), Course.id.desc())
    )
    return AuthorPage(
        author=_author(row),
        about=row.about,
        expertise=[str(item) for item in row.expertise],
        years_of_teaching=row.years_of_teaching,
        courses=[card(found) for found in db.session.execute(listed.limit(COURSES_SHOWN))],
    )
