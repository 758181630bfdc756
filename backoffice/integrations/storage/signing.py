"""Tokens that open the files under one prefix to one viewer for a while: `<exp>.<uid>.<hmac>`, a part of the path."""

import base64
import hashlib
import hmac
import re
from datetime import datetime

_TOKEN = re.compile(r"([0-9]{1,12})\.([0-9]{1,19})\.([A-Za-z0-9_-]{43})")


class LinkRefused(Exception):
    """The token opens nothing here; `reason` is `forged` (also: made for another prefix) or `expired`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(secret: bytes, *, prefix: str, viewer_id: int, expires_at: datetime) -> str:
    """A token for everything under `prefix`, in characters that need no quoting in a path."""
    expires_s = int(expires_at.timestamp())
    return f"{expires_s}.{viewer_id}.{_digest(secret, prefix, expires_s, viewer_id)}"


def verify(secret: bytes, token: str, *, prefix: str, now: datetime) -> int:
    """The viewer's id, when the token was made for this prefix and has time left. Raises `LinkRefused`."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise LinkRefused("forged")
    expires_s, viewer_id = int(match[1]), int(match[2])
    if not hmac.compare_digest(_digest(secret, prefix, expires_s, viewer_id), match[3]):
        raise LinkRefused("forged")
    if now.timestamp() >= expires_s:
        raise LinkRefused("expired")
    return viewer_id


def seconds_left(token: str, *, now: datetime) -> int:
    """How long a token that `verify` has let through will open anything."""
    return int(token.partition(".")[0]) - int(now.timestamp())


def _digest(secret: bytes, prefix: str, expires_s: int, viewer_id: int) -> str:
    text = f"media-link\n{expires_s}\n{viewer_id}\n{prefix}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, text, hashlib.sha256)).rstrip(b"=").decode()
