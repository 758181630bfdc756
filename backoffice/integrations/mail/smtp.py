"""Letters by SMTP (X-6)."""

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from backoffice import clock
from backoffice.integrations.mail.base import OutgoingLetter

TIMEOUT_SECONDS = 20
SUBMISSION_PORT = 587
TLS_PORT = 465


class SmtpMailer:
    """One connection per letter. `smtps://` speaks TLS from the start; `smtp://` switches to it where it is offered,
    and never sends a password without."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP address looks like smtp://user:password@host:587")
        self._tls_at_once = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (TLS_PORT if self._tls_at_once else SUBMISSION_PORT)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    def send(self, letter: OutgoingLetter) -> None:
        """Hand one letter over to the server. Raises OSError."""
        with self._connect() as server:
            server.send_message(self.message(letter))

    def message(self, letter: OutgoingLetter) -> EmailMessage:
        """The letter with its headers; the Message-ID comes from its key."""
        domain = parseaddr(self._sender)[1].rpartition("@")[2] or self._host
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = letter.recipient
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:40]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body)
        return message

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls_at_once:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            server.ehlo()
            if not self._tls_at_once and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            elif not self._tls_at_once and self._user:
                raise smtplib.SMTPNotSupportedError("the server offers no TLS: the password is not sent")
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server
