"""Choices beside the catalogue, each with the number of courses that it would show (C-1, C-8)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, func, literal, literal_column, select, union_all

from backoffice.db import db
from backoffice.models.catalogues import Category, Language, Skill
from backoffice.models.content import Level, Revision, RevisionSkill
from backoffice.models.courses import Course
from backoffice.queries.catalogue import Filters, conditions, on_sale, price_now, thousandths

STARS = (4, 3)
SKILLS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facets:
    """How many courses are found, and the choices of each filter; labels of levels and prices are the page's."""

    total: int
    categories: list[Choice]
    levels: list[Choice]
    languages: list[Choice]
    skills: list[Choice]
    prices: list[Choice]
    ratings: list[Choice]
    certificates: int


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """A top category with the courses on sale in it and below it."""

    slug: str
    name: str
    count: int


def facets(filters: Filters, locale: str) -> Facets:
    """Choices with counts, each under all the other filters. Four statements."""
    counts = _counts(filters)
    return Facets(
        total=counts.get(("total", ""), 0),
        categories=_categories(counts, filters, locale),
        levels=_fixed("level", [level.value for level in Level], counts, filters.level),
        languages=_languages(counts, filters, locale),
        skills=_skills(counts, filters, locale),
        prices=_fixed("price", ["free", "paid"], counts, (filters.price,)),
        ratings=_fixed("rating", [str(stars) for stars in STARS], counts, (str(filters.rating),)),
        certificates=counts.get(("certificate", "true"), 0),
    )


def _fixed(name: str, values: list[str], counts: dict[tuple[str, str], int], chosen: tuple[str, ...]) -> list[Choice]:
    return [Choice(value, value, counts.get((name, value), 0), value in chosen) for value in values]


def _counts(filters: Filters) -> dict[tuple[str, str], int]:
    asked = conditions(filters)
    courses = (
        select(
            Course.id,
            Revision.id.label("revision_id"),
            Revision.category_id,
            Revision.level,
            Revision.language_code,
            Revision.includes_certificate,
            case((price_now() == 0, "free"), else_="paid").label("price"),
            thousandths().label("thousandths"),
            *(condition.label(f"ok_{name}") for name, condition in asked.items()),
        )
        .join(Revision, Revision.id == Course.live_revision_id)
        .where(on_sale())
        .cte("courses")
    )

    def others(name: str) -> ColumnElement[bool]:
        return and_(*(courses.c[f"ok_{other}"] for other in asked if other != name))

    def by(name: str, column: ColumnElement[Any]) -> Any:
        counted = select(literal(name).label("name"), column.cast(Text).label("value"), func.count().label("n"))
        return counted.where(others(name)).group_by(literal_column("2"))

    skills = (
        select(literal("skill"), RevisionSkill.skill_id.cast(Text), func.count())
        .join(courses, courses.c.revision_id == RevisionSkill.revision_id)
        .where(others("skill"))
        .group_by(literal_column("2"))
    )
    ratings = [
        select(literal("rating"), literal(str(stars)), func.count()).where(
            others("rating"), courses.c.thousandths >= stars * 1000
        )
        for stars in STARS
    ]
    rows = db.session.execute(
        union_all(
            by("category", courses.c.category_id),
            by("level", courses.c.level),
            by("language", courses.c.language_code),
            by("price", courses.c.price),
            by("certificate", courses.c.includes_certificate),
            skills,
            *ratings,
            select(literal("total"), literal(""), func.count()).where(others("")).select_from(courses),
        )
    )
    return {(name, value or ""): n for name, value, n in rows}


def _name(row: Any, locale: str) -> str:
    return str(row.name_ru if locale == "ru" else row.name_en)


def _tree() -> list[Any]:
    query = select(Category.id, Category.parent_id, Category.slug, Category.name_en, Category.name_ru).order_by(
        Category.position, Category.id
    )
    return list(db.session.execute(query))


def _categories(
    counts: dict[tuple[str, str], int], filters: Filters, locale: str, *, only_top: bool = False
) -> list[Choice]:
    tree = _tree()
    found = []
    for row in tree:
        below = [row.id, *(child.id for child in tree if child.parent_id == row.id)]
        count = sum(counts.get(("category", str(number)), 0) for number in below)
        chosen = row.slug in filters.category
        if (count or chosen) and not (only_top and row.parent_id is not None):
            found.append(Choice(row.slug, _name(row, locale), count, chosen))
    return found


def _languages(counts: dict[tuple[str, str], int], filters: Filters, locale: str) -> list[Choice]:
    rows = db.session.execute(select(Language.code, Language.name_en, Language.name_ru).order_by(Language.code))
    choices = [
        Choice(row.code, _name(row, locale), counts.get(("language", row.code), 0), row.code in filters.language)
        for row in rows
    ]
    return [choice for choice in choices if choice.count or choice.chosen]


def _skills(counts: dict[tuple[str, str], int], filters: Filters, locale: str) -> list[Choice]:
    rows = db.session.execute(select(Skill.id, Skill.slug, Skill.name_en, Skill.name_ru))
    choices = [
        Choice(row.slug, _name(row, locale), counts.get(("skill", str(row.id)), 0), row.slug in filters.skill)
        for row in rows
    ]
    wanted = [choice for choice in choices if choice.count or choice.chosen]
    return sorted(wanted, key=lambda choice: (not choice.chosen, -choice.count, choice.label))[:SKILLS_SHOWN]


def categories(locale: str) -> list[CategoryCount]:
    """Top categories that have courses on sale. Two statements."""
    counted = db.session.execute(
        select(Revision.category_id, func.count())
        .join(Course, Course.live_revision_id == Revision.id)
        .where(on_sale())
        .group_by(Revision.category_id)
    )
    counts = {("category", str(number)): n for number, n in counted}
    return [
        CategoryCount(choice.value, choice.label, choice.count)
        for choice in _categories(counts, Filters(), locale, only_top=True)
    ]
