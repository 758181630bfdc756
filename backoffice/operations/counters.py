"""What a course keeps about itself so that lists are one query: students, reviews, rating, duration (C-2)."""

from sqlalchemy import text

from backoffice.access import Action, Actor
from backoffice.db import db, operation

FOLD_BATCH = 5000

_FOLD = text(
    """
    WITH gone AS (
        DELETE FROM course_delta WHERE id IN (
            SELECT id FROM course_delta ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED)
        RETURNING course_id, students, reviews, rating
    ), change AS (
        SELECT course_id, sum(students) AS students, sum(reviews) AS reviews, sum(rating) AS rating
        FROM gone GROUP BY course_id
    ), folded AS (
        UPDATE course c SET students_count = c.students_count + change.students,
            reviews_count = c.reviews_count + change.reviews, rating_sum = c.rating_sum + change.rating
        FROM change WHERE c.id = change.course_id
    )
    SELECT count(*) FROM gone
    """
)
# One statement, hence one snapshot: a delta is either forgotten here and counted in the truth, or neither.
_REBUILD = text(
    """
    WITH gone AS (
        DELETE FROM course_delta
    ), truth AS (
        SELECT c.id,
            (SELECT count(*) FROM enrolment e WHERE e.course_id = c.id AND e.ended_at IS NULL) AS students,
            (SELECT count(*) FROM review r WHERE r.course_id = c.id) AS reviews,
            (SELECT coalesce(sum(r.stars), 0) FROM review r WHERE r.course_id = c.id) AS rating,
            (SELECT coalesce(sum(u.duration_s), 0) FROM lecture l JOIN upload u ON u.id = l.video_upload_id
             WHERE l.revision_id = c.live_revision_id) AS duration
        FROM course c
    )
    UPDATE course c SET students_count = truth.students, reviews_count = truth.reviews,
        rating_sum = truth.rating, duration_s = truth.duration
    FROM truth WHERE c.id = truth.id AND (c.students_count, c.reviews_count, c.rating_sum, c.duration_s)
        IS DISTINCT FROM (truth.students, truth.reviews, truth.rating, truth.duration)
    """
)


@operation
def fold(*, actor: Actor) -> int:
    """Add a batch of waiting changes to their courses; returns how many changes there were (C-2).

    Call again until it returns 0.
    """
    actor.require(Action.RUN_SWEEPS)
    return int(db.session.execute(_FOLD, {"batch": FOLD_BATCH}).scalar_one())


@operation
def rebuild(*, actor: Actor) -> int:
    """Count everything anew from purchases, reviews and videos; returns how many courses were wrong (C-2)."""
    actor.require(Action.RUN_SWEEPS)
    return int(db.session.execute(_REBUILD).rowcount)  # type: ignore[attr-defined]
