"""Moves of state: the only place that sets one, by the table beside the enum, leaving a row of the timeline (L-10)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, update

from backoffice import clock
from backoffice.access import Actor
from backoffice.db import db
from backoffice.errors import Conflict
from backoffice.models.timeline import Transition


class Stateful(Protocol):
    """A model with a state, an id and its table of legal moves."""

    TRANSITIONS: Any
    __tablename__: str
    id: Any
    state: Any


def move(thing: Stateful, to: StrEnum, *, actor: Actor, reason: str = "", course_id: int | None = None) -> None:
    """Move `thing` to state `to` and record who, when, from, to and why.

    Raises Conflict `state.illegal` that names both states when the table does not allow it; nothing is changed then.
    """
    before = thing.state
    if to not in thing.TRANSITIONS.get(before, ()):
        raise Conflict(
            "state.illegal",
            _l("This cannot go from “%(before)s” to “%(after)s”.", before=before.value, after=to.value),
            before=before.value,
            after=to.value,
        )
    thing.state = to
    _record(thing, before.value, to.value, actor=actor, reason=reason, course_id=course_id)


def move_many(
    model: type[Any], ids: Sequence[int], to: StrEnum, *, actor: Actor, values: Mapping[str, Any] | None = None
) -> None:
    """Move many rows of one model, which the caller has locked, to one state, set-based, and record each move.

    `values` are other columns that all of them get. Raises Conflict `state.illegal` when one of them may not move.
    """
    moved = []
    for before in (state for state, goals in model.TRANSITIONS.items() if to in goals):
        rows = db.session.execute(
            update(model)
            .where(model.id.in_(ids), model.state == before)
            .values(state=to, **(values or {}))
            .returning(model.id, model.course_id)
            .execution_options(synchronize_session=False)
        )
        moved += [
            {
                "subject": model.__tablename__,
                "subject_id": str(row.id),
                "course_id": row.course_id,
                "at": clock.now(),
                "actor_id": actor.user_id,
                "from_state": before.value,
                "to_state": to.value,
            }
            for row in rows
        ]
    if len(moved) != len(ids):
        raise Conflict("state.illegal", _l("Some of these cannot become “%(after)s”.", after=to.value), after=to.value)
    db.session.execute(insert(Transition), moved)


def begin(thing: Stateful, *, actor: Actor, course_id: int | None = None) -> None:
    """Record the first state of a thing that was just made and flushed."""
    _record(thing, None, thing.state.value, actor=actor, reason="", course_id=course_id)


def begin_sql(subject: str, source: str) -> str:
    """SQL that records the first state of each row of `source` (id, course_id, state) for statements that write more.

    The statement binds `now` and `actor`.
    """
    return f"""
        INSERT INTO transition (subject, subject_id, course_id, at, actor_id, to_state, reason)
        SELECT '{subject}', id::text, course_id, :now, :actor, state, '' FROM {source}
    """  # noqa: S608 (both are constants of the caller)


def note(thing: Stateful, what: str, *, actor: Actor, reason: str = "", course_id: int | None = None) -> None:
    """Record something that happened to a thing beside its state: a block, a claim taken over, new sale terms."""
    _record(thing, thing.state.value, what, actor=actor, reason=reason, course_id=course_id)


def _record(
    thing: Stateful, before: str | None, after: str, *, actor: Actor, reason: str, course_id: int | None
) -> None:
    db.session.add(
        Transition(
            subject=thing.__tablename__,
            subject_id=str(thing.id),
            course_id=course_id,
            at=clock.now(),
            actor_id=actor.user_id,
            from_state=before,
            to_state=after,
            reason=reason,
        )
    )
