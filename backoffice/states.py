"""Moves of state: the only place that sets one, by the table beside the enum, leaving a row of the timeline (L-10)."""

from enum import StrEnum
from typing import Any, Protocol

from flask_babel import lazy_gettext as _l

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


def begin(thing: Stateful, *, actor: Actor, course_id: int | None = None) -> None:
    """Record the first state of a thing that was just made and flushed."""
    _record(thing, None, thing.state.value, actor=actor, reason="", course_id=course_id)


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
