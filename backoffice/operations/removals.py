"""Deleting parts of a draft, and bringing them back as they were (L-1, L-9).

What was deleted is kept for a while, with all that was in it. It comes back under its own node keys, so that who has
learnt with it has learnt with it still.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from backoffice import clock
from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound
from backoffice.models.content import Lecture, LectureKind, Module, NodeKind, RemovedNode, Revision, TreePart
from backoffice.operations.revisions import editable
from backoffice.operations.tree import (
    LECTURES_MAX,
    MODULES_MAX,
    PARTS,
    content_of,
    count,
    modules_of,
    node_of,
    parts_of,
    remove,
    require_room,
    shift,
)

_TITLE_LENGTH = 200

Parent = TypeVar("Parent", bound=Module | Lecture)


@operation
def delete_module(*, actor: Actor, course_id: int, node_id: int) -> RemovedNode:
    """Delete a module of the draft with all that is in it; their nodes stay for who has learnt with them (L-9)."""
    revision = editable(actor, course_id)
    module = node_of(Module, revision, node_id)
    rows = db.session.scalars(select(Lecture).where(Lecture.module_id == module.id).order_by(Lecture.position)).all()
    content = _contents(Module, [module])[0] | {"lectures": _contents(Lecture, rows)}
    kept = _keep(revision, NodeKind.MODULE, module, module.title, content)
    _delete_parts(Lecture, [row.id for row in rows])
    _delete_parts(Module, [module.id])
    db.session.execute(delete(Lecture).where(Lecture.module_id == module.id))
    remove(Module, modules_of(revision), module)
    return kept


@operation
def delete_lecture(*, actor: Actor, course_id: int, node_id: int) -> RemovedNode:
    """Delete a lecture of the draft with all that hangs on it; their nodes stay (L-9)."""
    revision = editable(actor, course_id)
    lecture = node_of(Lecture, revision, node_id)
    parent = db.session.get_one(Module, lecture.module_id).node_id
    kept = _keep(revision, NodeKind.LECTURE, lecture, lecture.title, _contents(Lecture, [lecture])[0], parent)
    _delete_parts(Lecture, [lecture.id])
    remove(Lecture, Lecture.module_id == lecture.module_id, lecture)
    return kept


@operation
def delete_question(*, actor: Actor, course_id: int, node_id: int) -> RemovedNode:
    """Delete a question of the draft; its node stays (L-9)."""
    return _delete_part(actor, course_id, node_id, NodeKind.QUESTION)


@operation
def delete_resource(*, actor: Actor, course_id: int, node_id: int) -> RemovedNode:
    """Take a file from its lecture; the file itself stays, for older versions of the course (C-4)."""
    return _delete_part(actor, course_id, node_id, NodeKind.RESOURCE)


@operation
def delete_assignment(*, actor: Actor, course_id: int, node_id: int) -> RemovedNode:
    """Delete an assignment of the draft; its node stays (C-3, L-9)."""
    return _delete_part(actor, course_id, node_id, NodeKind.ASSIGNMENT)


def _delete_part(actor: Actor, course_id: int, node_id: int, kind: NodeKind) -> RemovedNode:
    part = PARTS[kind]
    revision = editable(actor, course_id)
    row = node_of(part.model, revision, node_id)
    parent = db.session.scalars(select(part.parent.node_id).where(part.parent.id == part.owner_of(row))).one()
    content = content_of(row)
    kept = _keep(revision, kind, row, content.get("title") or content["text"], content, parent)
    remove(part.model, part.owner == part.owner_of(row), row)
    return kept


def _delete_parts(parent: type[Module | Lecture], ids: Sequence[int]) -> None:
    for part in parts_of(parent).values():
        db.session.execute(delete(part.model).where(part.owner.in_(ids)))


@operation
def bring_back(*, actor: Actor, course_id: int, removed_id: int) -> RemovedNode:
    """Put what was deleted where it was, or at the end where that place is no more (L-1, L-9).

    A repetition changes nothing. Errors: as `revisions.editable`; `removed.not_found`, also after 30 days;
    `removed.parent_gone` when what it was in was deleted, too; `content.too_many`.
    """
    revision = editable(actor, course_id)
    query = select(RemovedNode).where(RemovedNode.id == removed_id, RemovedNode.course_id == course_id)
    kept = db.session.scalar(query.execution_options(populate_existing=True))
    if kept is None or kept.removed_at < clock.now() - RemovedNode.KEPT:
        raise NotFound("removed.not_found", _l("This can no longer be brought back."))
    if not _present(revision, [kept.node_id]):
        _DEEDS[kept.kind](revision, kept)
    kept.restored_at = clock.now()
    return kept


def _keep(
    revision: Revision,
    kind: NodeKind,
    row: Module | Lecture | TreePart,
    title: str,
    content: dict[str, Any],
    parent_node_id: int | None = None,
) -> RemovedNode:
    old = RemovedNode.removed_at < clock.now() - RemovedNode.KEPT
    db.session.execute(delete(RemovedNode).where(RemovedNode.course_id == revision.course_id, old))
    kept = RemovedNode(
        course_id=revision.course_id,
        node_id=row.node_id,
        parent_node_id=parent_node_id,
        kind=kind,
        title=title[:_TITLE_LENGTH],
        position=row.position,
        content=content,
    )
    db.session.add(kept)
    db.session.flush()
    return kept


def _contents(parent: type[Module | Lecture], rows: Sequence[Module | Lecture]) -> list[dict[str, Any]]:
    """Modules or lectures with what hangs on them. One statement for each kind of it, however many they are."""
    contents = [content_of(row) | {"node_id": row.node_id} for row in rows]
    for part in parts_of(parent).values():
        query = select(part.model).where(part.owner.in_([row.id for row in rows]))
        found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        for hung in db.session.scalars(query.order_by(part.model.position)):
            found[part.owner_of(hung)].append(content_of(hung) | {"node_id": hung.node_id})
        for row, content in zip(rows, contents, strict=True):
            content[part.name] = found[row.id]
    return contents


def _module_back(revision: Revision, kept: RemovedNode) -> None:
    there = count(Module, modules_of(revision))
    require_room(there, MODULES_MAX)
    position = min(kept.position, there)
    shift(Module, modules_of(revision), position, 1)
    title = kept.content["title"]
    module = Module(revision_id=revision.id, node_id=kept.node_id, position=position, title=title)
    db.session.add(module)
    db.session.flush()
    _add_parts(revision, module, kept.content, _present(revision, _nodes_below(Module, kept.content)))
    _add_lectures(revision, module.id, 0, kept.content["lectures"])


def _lecture_back(revision: Revision, kept: RemovedNode) -> None:
    parent = _parent(Module, revision, kept)
    siblings = Lecture.module_id == parent.id
    there = count(Lecture, siblings)
    require_room(there, LECTURES_MAX)
    position = min(kept.position, there)
    shift(Lecture, siblings, position, 1)
    _add_lectures(revision, parent.id, position, [kept.content])


def _part_back(revision: Revision, kept: RemovedNode) -> None:
    part = PARTS[kept.kind]
    parent = _parent(part.parent, revision, kept)
    siblings = part.owner == parent.id
    there = count(part.model, siblings)
    require_room(there, part.most)
    position = min(kept.position, there)
    shift(part.model, siblings, position, 1)
    content = kept.content | {"node_id": kept.node_id}
    db.session.add(part.made(parent.id, revision_id=revision.id, position=position, **content))


_DEEDS = {NodeKind.MODULE: _module_back, NodeKind.LECTURE: _lecture_back} | dict.fromkeys(PARTS, _part_back)


def _parent(model: type[Parent], revision: Revision, kept: RemovedNode) -> Parent:
    query = select(model).where(model.revision_id == revision.id, model.node_id == kept.parent_node_id)
    parent = db.session.scalar(query)
    if parent is None:
        raise Conflict("removed.parent_gone", _l("What it was in is deleted, too. Bring that back first, then this."))
    return parent


def _present(revision: Revision, node_ids: list[int]) -> set[int]:
    found: set[int] = set()
    models: list[type[Module | Lecture | TreePart]] = [Module, Lecture, *(part.model for part in PARTS.values())]
    for model in models:
        query = select(model.node_id).where(model.revision_id == revision.id, model.node_id.in_(node_ids))
        found.update(db.session.scalars(query))
    return found


_BESIDES = frozenset({"kind", *(part.name for part in PARTS.values())})


def _add_lectures(revision: Revision, module_id: int, first: int, contents: list[dict[str, Any]]) -> None:
    """Lectures with what hangs on them, from the place `first` on.

    What has come back with an older version of the course meanwhile, and may stand elsewhere, is left there.
    """
    below = [node_id for content in contents for node_id in _nodes_below(Lecture, content)]
    present = _present(revision, [*below, *(content["node_id"] for content in contents)])
    wanted = [content for content in contents if content["node_id"] not in present]
    lectures = [
        Lecture(
            revision_id=revision.id,
            module_id=module_id,
            position=place,
            **{name: value for name, value in content.items() if name not in _BESIDES},
            kind=LectureKind(content["kind"]),
        )
        for place, content in enumerate(wanted, first)
    ]
    db.session.add_all(lectures)
    db.session.flush()
    for lecture, content in zip(lectures, wanted, strict=True):
        _add_parts(revision, lecture, content, present)


def _add_parts(revision: Revision, parent: Module | Lecture, content: dict[str, Any], present: set[int]) -> None:
    """What hung on a deleted module or lecture; from long ago some kinds may not have been there at all."""
    for part in parts_of(type(parent)).values():
        rows = [row for row in content.get(part.name, ()) if row["node_id"] not in present]
        db.session.add_all(
            part.made(parent.id, revision_id=revision.id, position=place, **row) for place, row in enumerate(rows)
        )


def _nodes_below(parent: type[Module | Lecture], content: dict[str, Any]) -> list[int]:
    return [row["node_id"] for part in parts_of(parent).values() for row in content.get(part.name, ())]
