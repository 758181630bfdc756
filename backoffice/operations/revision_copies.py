"""Copies of whole revisions, with the stable keys of their nodes (L-6, L-9)."""

from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select
from sqlalchemy.orm import aliased

from backoffice import clock
from backoffice.db import Base, db
from backoffice.models.content import Lecture, Module, Revision, RevisionSkill, RevisionState
from backoffice.operations.tree import PARTS


def copied(origin: Revision) -> int:
    """The id of a new draft with all of `origin` in it, each node under the key that it has there; set-based (L-9)."""
    newest = select(func.max(Revision.number)).where(Revision.course_id == origin.course_id).scalar_subquery()
    now = clock.now()
    draft_id = _copy(
        Revision,
        Revision.id == origin.id,
        number=newest + 1,
        based_on_id=literal(origin.id),
        state=literal(RevisionState.DRAFT, Revision.__table__.c.state.type),
        created_at=literal(now),
        updated_at=literal(now),
        live_at=literal(None, Revision.__table__.c.live_at.type),
    )[0]
    new = literal(draft_id)
    _copy(RevisionSkill, RevisionSkill.revision_id == origin.id, revision_id=new)
    _copy(Module, Module.revision_id == origin.id, revision_id=new)
    _copy(
        Lecture, Lecture.revision_id == origin.id, revision_id=new, module_id=_twin(Module, Lecture.module_id, draft_id)
    )
    for part in PARTS.values():
        owner = {part.owner.key: _twin(part.parent, part.owner, draft_id)}
        _copy(part.model, part.model.revision_id == origin.id, revision_id=new, **owner)
    return draft_id


def _copy(model: type[Base], condition: ColumnElement[bool], **replaced: Any) -> list[int]:
    """INSERT … SELECT of a table's rows with some columns replaced; ids of the new rows where the table has ids."""
    table = model.__table__
    names = [column.name for column in table.columns if column.name != "id"]
    source = select(*(replaced.get(name, table.c[name]) for name in names)).where(condition)
    statement = insert(table).from_select(names, source, include_defaults=False)  # type: ignore[arg-type]
    if "id" not in table.c:
        db.session.execute(statement)
        return []
    return list(db.session.scalars(statement.returning(table.c.id)))


def _twin(model: type[Module | Lecture], old_id: Any, draft_id: int) -> Any:
    """The new parent of a copied row: of the same node, in the draft (L-9)."""
    old, new = aliased(model), aliased(model)
    return (
        select(new.id)
        .join(old, old.node_id == new.node_id)
        .where(old.id == old_id, new.revision_id == draft_id)
        .scalar_subquery()
    )
