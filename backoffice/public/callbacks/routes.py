"""Signed words of payment and payout providers, in any order and any number of times (M-2, M-8, M-10)."""

import logging
import time
from collections.abc import Callable

from flask import Blueprint, abort, request

from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.integrations.payments import callbacks, stripe_payments
from backoffice.integrations.payments.base import Charge
from backoffice.integrations.payments.callbacks import Notice
from backoffice.integrations.payments.stripe import HEADER
from backoffice.operations import top_ups, withdrawals
from backoffice.public.security import csrf

log = logging.getLogger(__name__)

bp = Blueprint("callbacks", __name__, url_prefix="/callbacks")
csrf.exempt(bp)
LARGEST_BODY = 64 * 1024


@bp.post("/fake")
def fake() -> tuple[str, int]:
    """What the fake provider tells. 400 when it is not signed by it; what the house cannot follow is sent again.

    413 for a body that no provider sends, however its length is told.
    """
    return _follow(_fake_notice)


@bp.post("/stripe")
def stripe() -> tuple[str, int]:
    """What Stripe tells; answered as the fake one is. 404 in a house without Stripe."""
    try:
        provider = stripe_payments()
    except KeyError:
        abort(404)
    return _follow(lambda body: provider.notice(body, request.headers.get(HEADER, "")))


def _fake_notice(body: bytes) -> Notice:
    key = callbacks.signing_key(settings().secret_key)
    callbacks.verify(key, body, request.headers.get(callbacks.HEADER, ""), now=int(time.time()))
    return callbacks.read(body)


def _follow(read: Callable[[bytes], Notice | None]) -> tuple[str, int]:
    request.max_content_length = LARGEST_BODY
    try:
        notice = read(request.get_data())
    except callbacks.BadCallback as error:
        log.warning("a callback was refused: %s", error)
        abort(400)
    if notice is None:
        return "", 204
    try:
        if isinstance(notice.answer, Charge):
            top_ups.record(actor=SYSTEM, top_up_id=notice.number, charge=notice.answer)
        else:
            withdrawals.record_payout(actor=SYSTEM, withdrawal_id=notice.number, payout=notice.answer)
    except DomainError as error:
        log.warning("a callback about %s %d could not be followed: %s", notice.subject, notice.number, error)
        abort(409)
    return "", 204
