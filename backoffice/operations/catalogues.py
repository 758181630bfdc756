"""Catalogues that admins edit (C-8): entries are added, renamed and retired, never deleted from under their users."""

import re
import unicodedata
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.catalogues import Category, Language, RejectionReason, Skill, SkillArea
from backoffice.operations.texts import cleaned

Entry = Category | SkillArea | Skill | Language | RejectionReason
CATALOGUES: dict[str, type[Any]] = {
    "category": Category,
    "skill_area": SkillArea,
    "skill": Skill,
    "language": Language,
    "rejection_reason": RejectionReason,
}
# The field by which an entry is known outside: never changed once it is given.
KEYS = {"category": "slug", "skill": "slug", "language": "code", "rejection_reason": "code"}
PARENTS = {"category": "parent_id", "skill": "area_id"}
TEXT_MAX = 500
KEY_MAX = 80


@operation
def add(
    *, actor: Actor, catalogue: str, text_en: str, text_ru: str, key: str = "", parent_id: int | None = None
) -> Entry:
    """Add an entry with its texts in both languages (C-8).

    `key` is the slug or code, made from the English text when empty; `parent_id` the parent category or a skill's area.
    Errors: `catalogue.unknown`, `catalogue.text_needed`, `catalogue.parent`, `catalogue.taken` (each with its field).
    """
    actor.require(Action.MANAGE_CATALOGUES)
    model = _model(catalogue)
    values = _texts(model, text_en, text_ru)
    if catalogue in KEYS:
        column = KEYS[catalogue]
        values[column] = _key(key or text_en)
        taken = select(getattr(model, column)).where(getattr(model, column) == values[column])
    else:
        taken = select(model.id).where(model.name_en == values["name_en"])
    if db.session.scalar(taken) is not None:
        raise Conflict("catalogue.taken", _l("There is such an entry already."), field="key")
    if catalogue in PARENTS:
        values[PARENTS[catalogue]] = _parent(catalogue, parent_id)
    entry: Entry = model(**values)
    db.session.add(entry)
    db.session.flush()
    return entry


@operation
def rename(*, actor: Actor, catalogue: str, entry_id: int | str, text_en: str, text_ru: str) -> Entry:
    """Change the texts of an entry; its slug or code stays, links to it too (C-8)."""
    entry = _locked(actor, catalogue, entry_id)
    for name, value in _texts(_model(catalogue), text_en, text_ru).items():
        setattr(entry, name, value)
    return entry


@operation
def retire(*, actor: Actor, catalogue: str, entry_id: int | str) -> Entry:
    """Offer an entry no more; what uses it keeps it (C-8)."""
    entry = _locked(actor, catalogue, entry_id)
    entry.retired_at = entry.retired_at or clock.now()
    return entry


@operation
def restore(*, actor: Actor, catalogue: str, entry_id: int | str) -> Entry:
    """Offer a retired entry again (C-8)."""
    entry = _locked(actor, catalogue, entry_id)
    entry.retired_at = None
    return entry


def _model(catalogue: str) -> type[Any]:
    if catalogue not in CATALOGUES:
        raise NotFound("catalogue.unknown", _l("There is no such catalogue."))
    return CATALOGUES[catalogue]


def _locked(actor: Actor, catalogue: str, entry_id: int | str) -> Entry:
    model = _model(catalogue)
    if catalogue == "language":
        this = model.code == str(entry_id)
    else:
        # An address may name anything; no entry has the number 0.
        this = model.id == (int(entry_id) if str(entry_id).isdecimal() else 0)
    entry: Entry | None = db.session.scalar(
        select(model).where(this).with_for_update().execution_options(populate_existing=True)
    )
    actor.require(Action.MANAGE_CATALOGUES)
    if entry is None:
        raise NotFound("catalogue.not_found", _l("There is no such entry."))
    return entry


def _texts(model: type[Any], text_en: str, text_ru: str) -> dict[str, Any]:
    stem = "text" if model is RejectionReason else "name"
    texts = {}
    for language, typed in (("en", text_en), ("ru", text_ru)):
        texts[language] = cleaned(typed, field=f"text_{language}", at_most=TEXT_MAX)
        if not texts[language]:
            raise Refused("catalogue.text_needed", _l("Write it in both languages."), field=f"text_{language}")
    return {f"{stem}_{language}": text for language, text in texts.items()}


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not key:
        raise Refused("catalogue.key", _l("Give it a short name in Latin letters."), field="key")
    return key[:KEY_MAX].rstrip("-")


def _parent(catalogue: str, parent_id: int | None) -> int | None:
    if catalogue == "category" and parent_id is None:
        return None
    model: type[Any] = Category if catalogue == "category" else SkillArea
    if parent_id is None or db.session.scalar(select(model.id).where(model.id == parent_id)) is None:
        raise Refused("catalogue.parent", _l("Choose where the entry belongs."), field="parent_id")
    return parent_id
