"""Payment and payout providers by the name that a top-up or a withdrawal keeps (M-2, M-8)."""

from backoffice.integrations.payments.base import PaymentProvider, PayoutProvider
from backoffice.integrations.payments.fake import FakePayments, FakePayouts

DEFAULT = "fake"
_PAYMENTS: dict[str, PaymentProvider] = {FakePayments.name: FakePayments()}
_PAYOUTS: dict[str, PayoutProvider] = {FakePayouts.name: FakePayouts()}


def payment_provider(name: str = DEFAULT) -> PaymentProvider:
    """The provider that charges cards under this name; KeyError when the house has none of it."""
    return _PAYMENTS[name]


def payout_provider(name: str = DEFAULT) -> PayoutProvider:
    """The provider that pays out under this name; KeyError when the house has none of it."""
    return _PAYOUTS[name]
