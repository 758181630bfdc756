"""Tells when the site answers: a thread of its own asks, so that a slow answer does not hold up the supervisor."""

import threading
import time
import urllib.error
import urllib.request
from typing import Protocol

ASK_EVERY = 0.5
ANSWER_WITHIN = 10.0
SHOWN = 200
"""How many characters of an answer are shown to the person at the terminal."""


class Readiness(Protocol):
    """How `up` learns that what it started works."""

    def start(self) -> None:
        """Begin to ask."""

    def answered(self) -> bool:
        """Tell whether all is well."""

    def missing(self) -> str:
        """Say in one line what is still missing."""


class HealthCheck:
    """Asks a URL until it answers 200."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._answered = threading.Event()
        self._missing = "no answer yet"

    def start(self) -> None:
        """Ask in the background."""
        threading.Thread(target=self._ask, name="health check", daemon=True).start()

    def answered(self) -> bool:
        """Tell whether the URL has answered 200."""
        return self._answered.is_set()

    def missing(self) -> str:
        """Return the last answer, or why there was none."""
        return self._missing

    def _ask(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while not self._answered.is_set():
            try:
                with opener.open(self.url, timeout=ANSWER_WITHIN):
                    self._answered.set()
            except urllib.error.HTTPError as error:
                body = error.read(SHOWN * 4).decode(errors="replace")
                self._missing = f"{self.url} says {error.code}: {' '.join(body.split())[:SHOWN]}"
            except OSError as error:
                self._missing = f"{self.url} does not answer ({error})"
            time.sleep(ASK_EVERY)
