"""The processes of the fault tests: real relay and worker, and one actor whose effect would show if it came twice.

Imported by those processes alone: `flask --app tests.tasks.house:create_app relay`, `dramatiq tests.tasks.house:setup`.
"""

import time

from backoffice.access import SYSTEM, Actor
from backoffice.app import create_app
from backoffice.db import db, operation
from backoffice.models.courses import CourseDelta
from backoffice.outbox import Event
from backoffice.tasks import worker
from backoffice.tasks.registry import actor
from backoffice.tasks.routes import ROUTES

EVENT = Event.COURSE_BLOCKED
# Long enough to be killed in the middle.
EFFECT_SECONDS = 0.03


@operation
def _count(*, actor: Actor, course_id: int) -> None:
    db.session.add(CourseDelta(course_id=course_id, students=1))


@actor("default")
def on_told(*, course_id: int) -> None:
    """The effect: one more student, without any key that would hide a second one."""
    _count(actor=SYSTEM, course_id=course_id)
    db.session.flush()
    time.sleep(EFFECT_SECONDS)


ROUTES[EVENT] = (on_told,)

__all__ = ["create_app", "setup"]


def setup() -> None:
    """What a worker of the fault test starts with."""
    worker.setup()
