"""What a mailer is (X-6)."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingLetter:
    """One plain-text e-mail. `key` names it for good: sent twice after a crash, it has the same Message-ID."""

    key: str
    recipient: str
    subject: str
    body: str


class Mailer(Protocol):
    """Hands letters over. Raises OSError (smtplib's errors are such) when that fails and may be tried again."""

    def send(self, letter: OutgoingLetter) -> None:
        """Hand one letter over; returns when the other side has taken it."""
