"""Processes of the house that a benchmark starts, watches and stops."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from backoffice.access import VISITOR, Actor, Role
from backoffice.db import db
from backoffice.operations import accounts
from backoffice.queries.viewers import user_id_by_email

RELAY = ("-m", "flask", "--app", "wsgi", "relay")
MEDIA_WORKER = ("-m", "dramatiq", "backoffice.tasks.worker:setup", "-p", "1", "-t", "1", "-Q", "media")
STOP_WITHIN_S = 40


@contextmanager
def running(*commands: Sequence[str], **environment: str) -> Iterator[list[int]]:
    """Python processes with these arguments, silent, while the block runs; gives their pids."""
    env = os.environ | {"dramatiq_worker_timeout": "100", "dramatiq_queue_prefetch": "1"} | environment
    silent = subprocess.DEVNULL
    started = [
        subprocess.Popen([sys.executable, *command], env=env, stdout=silent, stderr=silent) for command in commands
    ]
    try:
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(STOP_WITHIN_S)


def wait_until(condition: Callable[[], bool], *, within_s: float, step_s: float = 0.2) -> None:
    """Return when the condition holds; raises RuntimeError when it takes too long. No transaction stays open."""
    deadline = time.monotonic() + within_s
    while not condition():
        db.session.remove()
        if time.monotonic() > deadline:
            raise RuntimeError(f"the benchmark waited in vain for {within_s:g} s")
        time.sleep(step_s)
    db.session.remove()


def new_author() -> Actor:
    """Somebody who may upload."""
    email = f"bench-{uuid4().hex[:12]}@lectern.example"
    accounts.register(actor=VISITOR, email=email, password=uuid4().hex, name="Bench", locale="en")
    user_id = user_id_by_email(email)
    db.session.remove()
    return Actor(user_id=user_id, roles=frozenset({Role.STUDENT, Role.AUTHOR}))
