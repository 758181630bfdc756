"""What `up` prints: its own lines, and the children's output with their names in front, also kept in log files."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

COLOURS = (36, 33, 35, 32, 34, 96, 93, 95)
NAME_WIDTH = 13
OWN_NAME = "up"


class Console:
    """The terminal and the folder of log files (`<name>.log`; the one of the run before is `<name>.log.1`)."""

    def __init__(self, log_dir: Path, stream: TextIO | None = None) -> None:
        self.log_dir = log_dir
        self.stream = stream or sys.stdout
        self._colourful = self.stream.isatty() and "NO_COLOR" not in os.environ
        self._colour_of: dict[str, int] = {}
        self._lock = threading.Lock()
        log_dir.mkdir(parents=True, exist_ok=True)

    def say(self, text: str) -> None:
        """Print a line of `up` itself."""
        self._print(OWN_NAME, text)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print the step with the time it took when it is done; a failing step is told by its exception."""
        began = time.monotonic()
        yield
        self.say(f"{title} ({time.monotonic() - began:.1f} s)")

    def log_path(self, name: str) -> Path:
        """Return the log file of a process and put the one of the run before aside."""
        path = self.log_dir / f"{name}.log"
        if path.exists():
            path.replace(path.with_name(path.name + ".1"))
        return path

    def follow(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        """Copy a child's piped output to the terminal and to its log, in a thread, until the child closes it."""
        arguments = (name, process.stdout, log)
        threading.Thread(target=self._copy, args=arguments, name=f"output of {name}", daemon=True).start()

    def _copy(self, name: str, pipe: IO[bytes], log: Path) -> None:
        with pipe, log.open("ab") as file:
            for line in pipe:
                file.write(line)
                file.flush()
                self._print(name, line.decode(errors="replace").rstrip())

    def _print(self, name: str, text: str) -> None:
        label = f"{name:<{NAME_WIDTH}}|"
        with self._lock:
            if self._colourful:
                colour = self._colour_of.setdefault(name, COLOURS[len(self._colour_of) % len(COLOURS)])
                label = f"\x1b[{colour}m{label}\x1b[0m"
            try:
                self.stream.write(f"{label} {text}\n")
                self.stream.flush()
            except OSError:  # the terminal was closed: children go on, their logs too
                self.stream = Path(os.devnull).open("w")
