"""Letters into the log: the default, for development (X-6)."""

import logging

from backoffice.integrations.mail.base import OutgoingLetter

log = logging.getLogger(__name__)


class LogMailer:
    """A line per letter. Its text, with links that open an account, is left to the staff page of development."""

    def send(self, letter: OutgoingLetter) -> None:
        """Write the line."""
        log.info("letter %s to %s: %s", letter.key, letter.recipient, letter.subject)
