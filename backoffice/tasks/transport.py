"""Events become deliveries, deliveries become messages: statements that claim and commit before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from backoffice.outbox import Event
from backoffice.tasks.registry import ActorFunction

BATCH = 200
PURGE_BATCH = 1000
# A delivery that nobody answers is sent again after lease * 2^sends, but not more seldom than lease * 2^this.
LONGEST_LEASE_POWER = 6


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery on its way to its actor."""

    delivery_id: int
    actor: str


# An event of a newer release stays where it is until a relay comes that knows it.
_EXPAND = text(
    """
    WITH fresh AS (
        SELECT id FROM outbox_event WHERE expanded_at IS NULL AND name = ANY(CAST(:known AS text[]))
        ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED
    ), expanded AS (
        UPDATE outbox_event e SET expanded_at = clock_timestamp() FROM fresh WHERE e.id = fresh.id
        RETURNING e.id, e.name
    ), made AS (
        INSERT INTO delivery (event_id, actor, due_at, sends, attempts)
        SELECT e.id, r.actor, clock_timestamp() + make_interval(secs => :lease), 1, 0
        FROM expanded e
        JOIN unnest(CAST(:names AS text[]), CAST(:actors AS text[])) AS r(name, actor) ON r.name = e.name
        RETURNING id, actor
    )
    SELECT (SELECT count(*) FROM expanded) AS events, made.id, made.actor
    FROM (SELECT 1) AS one LEFT JOIN made ON true ORDER BY made.id
    """
)
_RESEND = text(
    """
    WITH due AS (
        SELECT id FROM delivery WHERE done_at IS NULL AND parked_at IS NULL AND due_at <= clock_timestamp()
        ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE delivery d
    SET sends = d.sends + 1, started_at = NULL,
        due_at = clock_timestamp() + make_interval(secs => :lease * 2 ^ least(d.sends, :power))
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.actor
    """
)
_TAKE_BACK = text(
    "UPDATE delivery SET sends = sends - 1, due_at = clock_timestamp() + interval '2 seconds'"
    " WHERE id = ANY(CAST(:ids AS bigint[])) AND done_at IS NULL"
)


def expand(
    connection: Connection, routes: Mapping[Event, Sequence[ActorFunction]], *, lease: float
) -> tuple[int, list[Message]]:
    """Make deliveries of a batch of new events; returns how many events there were, and what is to be sent."""
    pairs = [(event.value, actor.name) for event, actors in routes.items() for actor in actors]
    rows = connection.execute(
        _EXPAND,
        {
            "known": [event.value for event in routes],
            "names": [name for name, _ in pairs],
            "actors": [actor for _, actor in pairs],
            "batch": BATCH,
            "lease": lease,
        },
    ).all()
    return rows[0].events, [Message(row.id, row.actor) for row in rows if row.id is not None]


def resend(connection: Connection, *, lease: float) -> list[Message]:
    """Claim a batch of deliveries whose time has come: after a back-off, or unanswered for their lease."""
    rows = connection.execute(_RESEND, {"batch": BATCH, "lease": lease, "power": LONGEST_LEASE_POWER}).all()
    return [Message(row.id, row.actor) for row in rows]


def take_back(connection: Connection, messages: Sequence[Message]) -> None:
    """Undo the claim of what could not be sent, so that it does not wait for its lease."""
    connection.execute(_TAKE_BACK, {"ids": [message.delivery_id for message in messages]})


_PURGE = text(
    """
    WITH old AS (
        SELECT e.id FROM outbox_event e
        WHERE e.expanded_at < clock_timestamp() - make_interval(days => :days)
        AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = e.id AND (
            d.done_at IS NULL OR d.done_at > clock_timestamp() - make_interval(days => :days)))
        ORDER BY e.id LIMIT :batch FOR UPDATE SKIP LOCKED
    ), deliveries AS (
        DELETE FROM delivery d USING old WHERE d.event_id = old.id
    )
    SELECT id FROM old
    """
)
_PURGE_EVENTS = text("DELETE FROM outbox_event WHERE id = ANY(CAST(:ids AS bigint[]))")


def purge(connection: Connection, *, days: int) -> int:
    """Forget a batch of events whose deliveries were all done long ago; what is parked stays. Returns how many."""
    ids = list(connection.execute(_PURGE, {"days": days, "batch": PURGE_BATCH}).scalars())
    connection.execute(_PURGE_EVENTS, {"ids": ids})
    return len(ids)
