"""Whether every part of the house has answered lately."""

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backoffice.config import settings
from backoffice.db import db

# Names under which the processes leave their heartbeats.
PROCESSES = ("worker:default", "worker:media", "relay", "scheduler")
LATELY_SECONDS = 15

_LATE = text(
    "SELECT p.name FROM unnest(CAST(:names AS text[])) AS p(name) LEFT JOIN heartbeat h ON h.name = p.name"
    " AND h.at > clock_timestamp() - make_interval(secs => :lately) WHERE h.name IS NULL"
)
_COLLATION = text("SELECT lower('ПРИВЕТ') = 'привет' AND similarity('привет', 'привет') = 1")


def missing() -> list[str]:
    """Names of the parts that have not answered: `database`, `broker`, or a process."""
    parts: list[str] = []
    try:
        if not db.session.execute(_COLLATION).scalar():
            parts.append("database locale C.UTF-8")
        parts += db.session.scalars(_LATE, {"names": list(PROCESSES), "lately": LATELY_SECONDS})
    except SQLAlchemyError:
        db.session.rollback()
        parts.append("database")
    try:
        redis.Redis.from_url(settings().redis_url, socket_timeout=2, socket_connect_timeout=2).ping()
    except redis.RedisError:
        parts.append("broker")
    return parts
