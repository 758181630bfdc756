"""What every process of the house has: a heartbeat that /healthz reads, and a way to stop."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sqlalchemy import Engine, text

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 3

_BEAT = text(
    "INSERT INTO heartbeat (name, at) SELECT unnest(CAST(:names AS text[])), clock_timestamp()"
    " ON CONFLICT (name) DO UPDATE SET at = excluded.at"
)


@contextmanager
def heartbeat(engine: Engine, *names: str) -> Iterator[None]:
    """Give signs of life while the block runs, from a thread of its own: a busy process is no dead one."""
    ended = threading.Event()

    def beat() -> None:
        while True:
            try:
                with engine.begin() as connection:
                    connection.execute(_BEAT, {"names": sorted(names)})
            except Exception:
                log.warning("no heartbeat of %s", ", ".join(names), exc_info=True)
            if ended.wait(HEARTBEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM or SIGINT sets. Installed even where a shell has started us with SIGINT ignored."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopped
