"""Courses on sale: filters, order and pages by key (C-1, C-2, L-5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.catalogues import Category, Skill
from backoffice.models.content import Level, Revision, RevisionSkill
from backoffice.models.courses import Course, CourseState
from backoffice.models.media import Upload
from backoffice.models.people import AuthorProfile
from backoffice.money import CURRENCY_DIGITS, Money

PAGE = 24
# Ratings are compared as whole thousandths of a star, so that a page's key is exact.
THOUSANDTHS = 1000


class Sort(StrEnum):
    """Orders of the catalogue; the first is the default."""

    NEWEST = "newest"
    POPULAR = "popular"
    RATING = "rating"
    PRICE = "price"
    PRICE_DOWN = "price_down"


ASCENDING = frozenset({Sort.PRICE})


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of a catalogue page asks for; `max_price` in units of the currency, `rating` in stars."""

    q: str = ""
    category: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    skill: tuple[str, ...] = ()
    price: str = ""
    max_price: int | None = None
    rating: int | None = None
    certificate: bool = False
    sort: Sort = Sort.NEWEST


@dataclass(frozen=True, slots=True)
class Card:
    """A course in a list; `duration` in seconds, `rating` 0 to 5 or None."""

    id: int
    slug: str
    title: str
    short_description: str
    author_name: str
    rating: float | None
    review_count: int
    students: int
    duration: int
    price: Money
    discounted_price: Money | None
    discount_until: datetime | None
    cover_id: str | None
    cover_asset: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of cards with the keys of its neighbours; a key is None where there is no neighbour."""

    cards: list[Card]
    before: str | None
    after: str | None


def price_now() -> ColumnElement[int]:
    """Minor units that a buyer pays at this moment (M-11)."""
    return case((_discounted(), Course.discount_minor), else_=Course.price_minor)


def _discounted() -> ColumnElement[bool]:
    lasts = or_(Course.discount_until.is_(None), Course.discount_until > clock.now())
    return and_(Course.discount_minor.is_not(None), lasts)


def thousandths() -> ColumnElement[int]:
    """The mean rating in thousandths of a star; 0 without reviews."""
    return func.coalesce(THOUSANDTHS * Course.rating_sum // func.nullif(Course.reviews_count, 0), 0)


def on_sale() -> ColumnElement[bool]:
    """Condition of what the catalogue lists (L-5, L-8)."""
    now = clock.now()
    return and_(
        Course.state == CourseState.ON_SALE,
        Course.blocked_at.is_(None),
        or_(Course.sale_from.is_(None), Course.sale_from <= now),
        or_(Course.sale_until.is_(None), Course.sale_until > now),
    )


def cards_select() -> Select[*tuple[Any, ...]]:
    """Cards from the live revisions of courses on sale; never another revision (L-7)."""
    return card_columns(Course.live_revision_id).where(on_sale())


def card_columns(revision_id: SQLColumnExpression[int | None]) -> Select[*tuple[Any, ...]]:
    """The columns of cards of all courses, with the texts of this revision of each."""
    return (
        select(
            Course.id,
            Course.slug,
            Revision.title,
            Revision.short_description,
            AuthorProfile.display_name,
            thousandths().label("thousandths"),
            Course.reviews_count,
            Course.students_count,
            Course.duration_s,
            Course.currency,
            Course.price_minor,
            case((_discounted(), Course.discount_minor)).label("discount"),
            Course.discount_until,
            Upload.products_id,
            Upload.asset,
        )
        .select_from(Course)
        .join(Revision, Revision.id == revision_id)
        .join(AuthorProfile, AuthorProfile.user_id == Course.author_id)
        .outerjoin(Upload, Upload.id == Revision.cover_upload_id)
    )


def card(row: Row[Any]) -> Card:
    """A card from a row of `cards_select`."""
    discounted = row.discount is not None
    return Card(
        id=row.id,
        slug=row.slug,
        title=row.title,
        short_description=row.short_description,
        author_name=row.display_name,
        rating=row.thousandths / THOUSANDTHS if row.reviews_count else None,
        review_count=row.reviews_count,
        students=row.students_count,
        duration=row.duration_s,
        price=Money(row.price_minor, row.currency),
        discounted_price=Money(row.discount, row.currency) if discounted else None,
        discount_until=row.discount_until if discounted else None,
        cover_id=row.products_id,
        cover_asset=row.asset,
    )


def conditions(filters: Filters) -> dict[str, ColumnElement[bool]]:
    """The condition of each filter by its name; `true` where nothing is chosen. Over Course and Revision."""
    every: ColumnElement[bool] = literal(True)
    price = price_now()
    found = {"free": price == 0, "paid": price > 0}
    most = None if filters.max_price is None else filters.max_price * 10 ** CURRENCY_DIGITS[settings().currency]
    levels = [level for level in Level if level in filters.level]
    return {
        "q": _matches(filters.q) if filters.q else every,
        "category": _in_category(filters.category) if filters.category else every,
        "level": Revision.level.in_(levels) if filters.level else every,
        "language": Revision.language_code.in_(filters.language) if filters.language else every,
        "skill": _teaches(filters.skill) if filters.skill else every,
        "price": and_(found.get(filters.price, every), price <= most if most is not None else every),
        "rating": thousandths() >= filters.rating * THOUSANDTHS if filters.rating else every,
        "certificate": Revision.includes_certificate.is_(True) if filters.certificate else every,
    }


def _matches(q: str) -> ColumnElement[bool]:
    return or_(
        Revision.title.icontains(q, autoescape=True),
        Revision.short_description.icontains(q, autoescape=True),
        literal(q).bool_op("<%")(Revision.title),
    )


def _in_category(slugs: Sequence[str]) -> ColumnElement[bool]:
    parent = aliased(Category)
    chosen = (
        select(Category.id)
        .outerjoin(parent, parent.id == Category.parent_id)
        .where(or_(Category.slug.in_(slugs), parent.slug.in_(slugs)))
    )
    return Revision.category_id.in_(chosen)


def _teaches(slugs: Sequence[str]) -> ColumnElement[bool]:
    return exists(
        select(RevisionSkill.skill_id)
        .join(Skill, Skill.id == RevisionSkill.skill_id)
        .where(RevisionSkill.revision_id == Revision.id, Skill.slug.in_(slugs))
    )


def sort_key(sort: Sort) -> SQLColumnExpression[int]:
    """What a list is ordered by, before the id; always a whole number."""
    if sort is Sort.POPULAR:
        return Course.students_count
    if sort is Sort.RATING:
        return thousandths()
    if sort in (Sort.PRICE, Sort.PRICE_DOWN):
        return price_now()
    return func.coalesce(func.extract("epoch", Course.published_at) * 1_000_000, 0).cast(Course.id.type)


def page(filters: Filters, *, before: str | None = None, after: str | None = None, size: int = PAGE) -> Page:
    """One page of the catalogue. One statement; keys come from another page, senseless ones mean the first page."""
    key = sort_key(filters.sort)
    place = _place(before) if before else _place(after) if after else None
    backwards = bool(before and place)
    up = (filters.sort in ASCENDING) != backwards
    query = cards_select().add_columns(key.label("key")).where(*conditions(filters).values())
    if place is not None:
        here = tuple_(key, Course.id)
        query = query.where(here > place if up else here < place)
    query = query.order_by(key.asc() if up else key.desc(), Course.id.asc() if up else Course.id.desc())
    rows = list(db.session.execute(query.limit(size + 1)))
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    has_before = more if backwards else place is not None
    has_after = True if backwards else more
    return Page(
        cards=[card(row) for row in rows],
        before=_key(rows[0]) if has_before else None,
        after=_key(rows[-1]) if has_after else None,
    )


def _key(row: Row[Any]) -> str:
    return f"{int(row.key)}.{row.id}"


def _place(key: str) -> tuple[int, int] | None:
    value, _, number = key.partition(".")
    if not (key.isascii() and value.isdecimal() and number.isdecimal() and len(key) < 40):
        return None
    place = int(value), int(number)
    return place if max(place) < 2**63 else None
