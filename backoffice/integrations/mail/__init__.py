"""Handing letters over: to the log by default, by SMTP where an address is set (X-6)."""

from pathlib import Path

from backoffice.integrations.mail.base import Mailer, OutgoingLetter
from backoffice.integrations.mail.log import LogMailer
from backoffice.integrations.mail.smtp import SmtpMailer

__all__ = ["Mailer", "OutgoingLetter", "mailer"]


def mailer(smtp_url: str, sender: str, log_file: Path) -> Mailer:
    """The mailer of these settings; an empty address means the log. Raises ValueError for a senseless address."""
    return SmtpMailer(smtp_url, sender) if smtp_url else LogMailer(log_file)
