"""Letters into the log: the default, for development (X-6)."""

import logging

from backoffice.integrations.mail.base import OutgoingLetter

log = logging.getLogger(__name__)


class LogMailer:
    """Writes the whole letter, links that open an account included: set an SMTP address where logs are shared."""

    def send(self, letter: OutgoingLetter) -> None:
        """Write it down."""
        log.info("letter %s to %s: %s\n%s", letter.key, letter.recipient, letter.subject, letter.body)
