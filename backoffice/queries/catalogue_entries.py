"""Entries of the catalogues as admins edit them (C-8)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal, null, select

from backoffice.db import db
from backoffice.models.catalogues import Category, Language, RejectionReason, Skill, SkillArea

MAX_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `key` is its slug or code, `parent_id` the category or area above it."""

    id: int | str
    key: str
    text_en: str
    text_ru: str
    parent_id: int | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Parent:
    """What an entry can belong to."""

    id: int
    name_en: str


_COLUMNS: dict[str, tuple[Any, ...]] = {
    "category": (Category.id, Category.slug, Category.name_en, Category.name_ru, Category.parent_id),
    "skill_area": (SkillArea.id, literal(""), SkillArea.name_en, SkillArea.name_ru, null()),
    "skill": (Skill.id, Skill.slug, Skill.name_en, Skill.name_ru, Skill.area_id),
    "language": (Language.code, Language.code, Language.name_en, Language.name_ru, null()),
    "rejection_reason": (
        *(RejectionReason.id, RejectionReason.code, RejectionReason.text_en, RejectionReason.text_ru),
        null(),
    ),
}
_MODELS: dict[str, Any] = {
    "category": Category,
    "skill_area": SkillArea,
    "skill": Skill,
    "language": Language,
    "rejection_reason": RejectionReason,
}
_PARENTS: dict[str, Any] = {"category": Category, "skill": SkillArea}


def entries(catalogue: str) -> tuple[Entry, ...]:
    """All entries of a catalogue by their English text, at most `MAX_ENTRIES`. One statement."""
    columns = _COLUMNS[catalogue]
    query = select(*columns, _MODELS[catalogue].retired_at).order_by(columns[2]).limit(MAX_ENTRIES)
    return tuple(Entry(*tuple(row)) for row in db.session.execute(query))


def parents(catalogue: str) -> tuple[Parent, ...]:
    """What entries of this catalogue can belong to; empty for a flat one. One statement at most."""
    model = _PARENTS.get(catalogue)
    if model is None:
        return ()
    rows = db.session.execute(select(model.id, model.name_en).where(model.retired_at.is_(None)).order_by(model.name_en))
    return tuple(Parent(*row) for row in rows)
