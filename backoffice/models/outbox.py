"""The outbox: events written with the change they tell of, and a delivery per actor (T-1 to T-3)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.db import Base

# Times here are the database's own clock: they pace the transport and take no part in any rule of the domain.


class OutboxEvent(Base):
    """Something that happened; the relay expands it into deliveries by `tasks/routes.py`."""

    __tablename__ = "outbox_event"
    __table_args__ = (Index("ix_outbox_event_new", "id", postgresql_where=text("expanded_at is null")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expanded_at: Mapped[datetime | None]


class Delivery(Base):
    """One event for one actor: sent until it is done, or parked where staff see it."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "actor"),
        Index(
            "ix_delivery_open",
            "due_at",
            postgresql_where=text("done_at is null and parked_at is null"),
        ),
        Index("ix_delivery_parked", "parked_at", postgresql_where=text("parked_at is not null")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("outbox_event.id"))
    actor: Mapped[str] = mapped_column(Text)
    # When it may be sent (again): now, after a retry's back-off, or when the lease of what was sent has run out.
    due_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    sends: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]


class Heartbeat(Base):
    """The last sign of life of a process, for /healthz and the tasks page."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class SweepRun(Base):
    """The last run of each sweep (B-6)."""

    __tablename__ = "sweep_run"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    ran_at: Mapped[datetime]
    handled: Mapped[int] = mapped_column(default=0)
    took_ms: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
