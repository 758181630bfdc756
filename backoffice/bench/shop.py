"""Students with money and courses on sale for the benchmark of buying; made set-based, nobody looks at them."""

import random

from sqlalchemy import select, text

from backoffice import clock, ledger
from backoffice.access import SYSTEM
from backoffice.db import db, operation
from backoffice.models.courses import Course
from backoffice.models.ledger import TransactionKind
from backoffice.models.people import User

PRICE_MINOR = 1_000
STUDENTS, AUTHORS, COURSES = 1_600, 50, 500
STUDENT_NAME = "Bench student"

_PEOPLE = text(
    "INSERT INTO user_account (email, password_hash, name, time_zone, session_epoch, created_at)"
    " SELECT :name || n || '@lectern.example', '!', :name, 'UTC', 0, :now FROM generate_series(1, :many) AS n"
)
_PROFILES = text(
    "INSERT INTO author_profile (user_id, slug, display_name, headline, about, expertise, created_at, updated_at)"
    " SELECT id, 'bench-' || id, name, '', '', '[]', :now, :now FROM user_account WHERE name = :name"
)
_LANGUAGE = text(
    "INSERT INTO language (code, name_en, name_ru) VALUES ('en', 'English', 'Английский') ON CONFLICT DO NOTHING"
)
_COURSES = text(
    "INSERT INTO course (author_id, kind, slug, state, price_minor, currency, duration_s, students_count,"
    " reviews_count, rating_sum, created_at, updated_at)"
    " SELECT a.user_id, 'recorded', 'bench-' || n, 'draft', :price, 'USD', 0, 0, 0, 0, :now, :now"
    " FROM generate_series(1, :many) AS n"
    " JOIN (SELECT user_id, row_number() OVER () AS number FROM author_profile) AS a ON a.number = n % :authors + 1"
)
_REVISIONS = text(
    "INSERT INTO revision (course_id, number, state, version, title, short_description, description, requirements,"
    " level, language_code, includes_certificate, created_at, updated_at, live_at)"
    " SELECT id, 1, 'live', 1, slug, '', '', '', 'all', 'en', false, :now, :now, :now FROM course"
)
_ON_SALE = text(
    "UPDATE course c SET state = 'on_sale', live_revision_id = r.id, published_at = :now"
    " FROM revision r WHERE r.course_id = c.id"
)


@operation
def seed() -> None:
    """Fill an empty database: students with enough money for every course, authors, courses on sale."""
    now = {"now": clock.now()}
    db.session.execute(_PEOPLE, now | {"name": "Bench author", "many": AUTHORS})
    db.session.execute(_PEOPLE, now | {"name": STUDENT_NAME, "many": STUDENTS})
    db.session.execute(_PROFILES, now | {"name": "Bench author"})
    db.session.execute(_LANGUAGE)
    db.session.execute(_COURSES, now | {"price": PRICE_MINOR, "many": COURSES, "authors": AUTHORS})
    db.session.execute(_REVISIONS, now)
    db.session.execute(_ON_SALE, now)
    for student_id in _students():
        ledger.post(
            TransactionKind.TOP_UP,
            key=f"bench:{student_id}",
            lines={
                ledger.provider("bench"): -PRICE_MINOR * COURSES,
                ledger.available(student_id): PRICE_MINOR * COURSES,
            },
            actor=SYSTEM,
        )


def pairs(number: int, *, clients: int) -> list[tuple[int, int]]:
    """Student and course of each purchase of one client, in no order; no two clients share a pair."""
    courses = list(db.session.scalars(select(Course.id).order_by(Course.id)))
    mine = [student for position, student in enumerate(_students()) if position % clients == number]
    found = [(student, course) for student in mine for course in courses]
    random.Random(number).shuffle(found)  # noqa: S311
    return found


def _students() -> list[int]:
    return list(db.session.scalars(select(User.id).where(User.name == STUDENT_NAME).order_by(User.id)))
