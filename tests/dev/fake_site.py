"""A site of tiny processes for the tests of `up`: `python fake_site.py KIND...` supervises one of each kind."""

import os
import sys
from pathlib import Path

from backoffice.dev import up
from backoffice.dev.settings import UpSettings
from backoffice.dev.supervisor import ProcessSpec

SLEEPER = "import signal; print('here', flush=True); signal.pause()"
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).wait()"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)"
)
POLITE = """
import os, signal, sys
def bye(*_):
    print('bye', flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, bye)
print('interrupt is', signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)
while True:
    signal.pause()
"""
BESIDE = """
import os, psycopg, redis
with psycopg.connect(os.environ['DATABASE_URL'].replace('+psycopg', '')) as connection:
    print(connection.execute("SELECT lower('ПРИВЕТ')").fetchone()[0], flush=True)
redis.Redis.from_url(os.environ['REDIS_URL']).ping()
raise SystemExit(7)
"""
KINDS = {"sleeper": SLEEPER, "parent": PARENT, "stubborn": STUBBORN, "polite": POLITE, "crasher": "raise SystemExit(3)"}


class FileIsThere:
    """Ready as soon as the file `ready` is in VAR_DIR."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def start(self) -> None:
        """Nothing to prepare."""

    def answered(self) -> bool:
        """Look for the file."""
        return self.file.exists()

    def missing(self) -> str:
        """Name the file."""
        return str(self.file)


def main(kinds: list[str]) -> int:
    """Run `up` with one process of each kind, named by its kind and place; without kinds one command beside it."""
    settings = UpSettings.read(os.environ)
    steps = [ProcessSpec("prepare", (sys.executable, "-c", os.environ.get("PREPARE", "print('prepared')")))]
    table = [
        ProcessSpec(f"{kind}-{place}", (sys.executable, "-c", KINDS[kind]), grace=0.5 if kind == "stubborn" else 20.0)
        for place, kind in enumerate(kinds)
    ]
    if not table:
        return up.run_beside(settings, tuple(steps), ProcessSpec("beside", (sys.executable, "-c", BESIDE)))
    ready = FileIsThere(settings.var_dir / "ready")
    return up.run(settings, up.Plan(tuple(steps), tuple(table), ready, ("welcome",)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
