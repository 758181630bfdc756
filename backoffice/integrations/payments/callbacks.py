"""Callbacks of providers: signed, so that anybody may call the address and nobody else is believed (M-2, M-8, M-10)."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from backoffice.integrations.payments.base import Charge, ChargeState, Payout, PayoutState

HEADER = "Lectern-Signature"
# A callback that was overheard is worthless after this.
TOLERANCE_SECONDS = 300


class BadCallback(ValueError):
    """Not signed by the provider, too old, or about nothing that the house knows."""


class Subject(StrEnum):
    """What a callback is about, by the prefix of the key that the house has given with its request."""

    TOP_UP = "top-up"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider tells: about which row of the house, and the state there."""

    subject: Subject
    number: int
    answer: Charge | Payout


def signing_key(secret: str) -> bytes:
    """The key that both sides derive from the shared secret, for this use alone."""
    return hmac.digest(secret.encode(), b"provider callbacks", "sha256")


def sign(key: bytes, body: bytes, *, now: int) -> str:
    """The header of a body that is sent now (seconds of the epoch)."""
    return f"t={now},v1={_digest(key, now, body)}"


def verify(key: bytes, body: bytes, header: str, *, now: int) -> None:
    """Raise BadCallback unless the header was made with this key, for this body, a short while ago."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    moment = parts.get("t", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 15):
        raise BadCallback("no signature")
    if not hmac.compare_digest(_digest(key, int(moment), body).encode(), parts.get("v1", "").encode()):
        raise BadCallback("a wrong signature")
    if abs(now - int(moment)) > TOLERANCE_SECONDS:
        raise BadCallback("an old signature")


def _digest(key: bytes, moment: int, body: bytes) -> str:
    return hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def write(key: str, answer: Charge | Payout) -> bytes:
    """The body that tells of a charge or a payout which was asked for with this key."""
    return json.dumps({"key": key, **asdict(answer)}).encode()


def read(body: bytes) -> Notice:
    """What a verified body tells. Raises BadCallback."""
    try:
        told = json.loads(body)
        key = told.pop("key")
        if key.startswith(f"{Subject.TOP_UP}:"):
            return notice_of(key, Charge(**told | {"state": ChargeState(told["state"])}))
        return notice_of(key, Payout(**told | {"state": PayoutState(told["state"])}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCallback("not a callback") from error


def notice_of(key: str, answer: Charge | Payout) -> Notice:
    """The notice about what was asked for with this key. Raises BadCallback for a key that is not the house's."""
    subject, _colon, number = key.partition(":")
    try:
        return Notice(Subject(subject), int(number), answer)
    except ValueError as error:
        raise BadCallback("not a key of the house") from error
