"""Letters into the log: the default, for development (X-6)."""

import logging
import os
from pathlib import Path

from backoffice.integrations.mail.base import OutgoingLetter

log = logging.getLogger(__name__)


class LogMailer:
    """A line per letter on the console, the whole letter in a file, which its owner alone may read.

    Letters have links that open an account: they do not belong where logs of all processes are gathered.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def send(self, letter: OutgoingLetter) -> None:
        """Write the line and the letter."""
        log.info("letter %s to %s: %s", letter.key, letter.recipient, letter.subject)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with open(self._file, "a", encoding="utf-8", opener=_private) as file:
            file.write(f"To: {letter.recipient}\nSubject: {letter.subject}\nKey: {letter.key}\n\n{letter.body}\n\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
