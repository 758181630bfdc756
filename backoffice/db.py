"""The engine, the session and the one place that ends a transaction (rule 1)."""

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import BigInteger, DateTime, Enum, MetaData, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase

log = logging.getLogger(__name__)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
MAX_RUNS = 4

_depth: ContextVar[int] = ContextVar("operation_depth", default=0)
_unguarded: ContextVar[bool] = ContextVar("unguarded", default=False)
Result = TypeVar("Result")


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


Base.registry.update_type_annotation_map(
    {datetime: DateTime(timezone=True), int: BigInteger, dict[str, Any]: JSONB, list[Any]: JSONB}
)


class HouseSession(FlaskSession):
    """Honours a bind that a test has set, so that its outer transaction takes in every session."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        if self.bind is not None:
            return self.bind
        return super().get_bind(*args, **kwargs)


db = SQLAlchemy(model_class=Base, session_options={"class_": HouseSession, "expire_on_commit": False})


def state_type(states: type[StrEnum]) -> Enum:
    """A column type for a state enum: stored as its words, checked by the database (rule 5)."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in states.__name__).lstrip("_")
    return Enum(
        states,
        native_enum=False,
        create_constraint=True,
        name=name,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


@event.listens_for(HouseSession, "before_flush")
def _refuse_write_outside_operation(session: HouseSession, *_: Any) -> None:
    """Flask-Admin forms and stray code cannot write: only an operation may flush (rule 1)."""
    if not _depth.get() and not _unguarded.get() and (session.new or session.dirty or session.deleted):
        raise RuntimeError("a write outside an operation")


@contextmanager
def unguarded() -> Iterator[None]:
    """Lift the write guard. For factories of tests only."""
    token = _unguarded.set(True)
    try:
        yield
    finally:
        _unguarded.reset(token)


def operation(function: Callable[..., Result]) -> Callable[..., Result]:
    """Make a function one transaction, whoever calls it (rule 1).

    The outermost operation begins, sets all constraints immediate, commits, and is run again after a deadlock or a
    serialization failure, three times at most. An inner one joins; an error anywhere undoes everything.
    """

    @functools.wraps(function)
    def run(**arguments: Any) -> Result:
        if _depth.get():
            return _join(function, arguments)
        for run_number in range(1, MAX_RUNS + 1):
            try:
                return _run_outermost(function, arguments)
            except OperationalError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state not in (SERIALIZATION_FAILURE, DEADLOCK) or run_number == MAX_RUNS:
                    raise
                log.warning("operation %s runs again after %s (%d)", function.__name__, state, run_number)
                time.sleep(0.01 * 2**run_number)
        raise AssertionError("unreachable")

    run.is_operation = True  # type: ignore[attr-defined]
    return run


def _join(function: Callable[..., Result], arguments: dict[str, Any]) -> Result:
    try:
        return function(**arguments)
    except BaseException:
        # Half of an operation must never be committed because a caller swallowed the error.
        db.session.info["doomed"] = function.__name__
        raise


def _run_outermost(function: Callable[..., Result], arguments: dict[str, Any]) -> Result:
    session = db.session
    # What a page has read before is stale by the time of the write: each run starts from a clean session.
    session.rollback()
    session.info.pop("doomed", None)
    token = _depth.set(1)
    try:
        result = function(**arguments)
        session.flush()
        if doomed := session.info.get("doomed"):
            raise RuntimeError(f"the error of inner operation {doomed} was swallowed")
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.commit()
        return result
    except BaseException:
        session.rollback()
        raise
    finally:
        _depth.reset(token)
