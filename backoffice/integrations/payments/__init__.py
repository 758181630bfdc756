"""Payment and payout providers by the name that a top-up or a withdrawal keeps (M-2, M-8)."""

from backoffice.config import settings
from backoffice.integrations.payments.base import PaymentProvider, PayoutProvider
from backoffice.integrations.payments.fake import FakePayments, FakePayouts
from backoffice.integrations.payments.http import HttpPayments, HttpPayouts
from backoffice.integrations.payments.stripe import StripePayments

PAYOUTS = "fake"


def payment_provider(name: str) -> PaymentProvider:
    """The provider that charges cards under this name; KeyError when the house has none of it."""
    if name == "stripe":
        return stripe_payments()
    url, secret = settings().fake_provider_url, settings().secret_key
    return {"fake": HttpPayments(url, secret) if url else FakePayments()}[name]


def stripe_payments() -> StripePayments:
    """Stripe with the keys of the settings; KeyError when there are none."""
    chosen = settings()
    if not (chosen.stripe_secret_key and chosen.stripe_webhook_secret):
        raise KeyError("stripe")
    return StripePayments(
        secret_key=chosen.stripe_secret_key, webhook_secret=chosen.stripe_webhook_secret, url=chosen.stripe_url
    )


def payout_provider(name: str = PAYOUTS) -> PayoutProvider:
    """The provider that pays out under this name; KeyError when the house has none of it."""
    url, secret = settings().fake_provider_url, settings().secret_key
    return {"fake": HttpPayouts(url, secret) if url else FakePayouts()}[name]
