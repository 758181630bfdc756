"""Payment and payout providers by the name that a top-up or a withdrawal keeps (M-2, M-8)."""

from backoffice.config import settings
from backoffice.integrations.payments.base import PaymentProvider, PayoutProvider
from backoffice.integrations.payments.fake import FakePayments, FakePayouts
from backoffice.integrations.payments.http import HttpPayments, HttpPayouts

DEFAULT = "fake"


def payment_provider(name: str = DEFAULT) -> PaymentProvider:
    """The provider that charges cards under this name; KeyError when the house has none of it."""
    url, secret = settings().fake_provider_url, settings().secret_key
    return {"fake": HttpPayments(url, secret) if url else FakePayments()}[name]


def payout_provider(name: str = DEFAULT) -> PayoutProvider:
    """The provider that pays out under this name; KeyError when the house has none of it."""
    url, secret = settings().fake_provider_url, settings().secret_key
    return {"fake": HttpPayouts(url, secret) if url else FakePayouts()}[name]
