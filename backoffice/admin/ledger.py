"""The ledger and purchases, read only (B-3, B-4)."""

from typing import Any, ClassVar

from backoffice.access import Action
from backoffice.admin.base import Browser, show_moment
from backoffice.config import settings
from backoffice.formats import money
from backoffice.ledger import balance
from backoffice.money import Money


def _show_money(_view: Any, _context: Any, model: Any, name: str) -> str:
    minor = getattr(model, name)
    return "" if minor is None else money(Money(minor, getattr(model, "currency", settings().currency)))


def _show_balance(_view: Any, _context: Any, model: Any, _name: str) -> str:
    # Hot accounts keep none on the row; a figure of zero would be a lie.
    return money(Money(model.balance, settings().currency)) if model.keeps_balance else "…"


def _sum_balance(_view: Any, _context: Any, model: Any, _name: str) -> str:
    return money(Money(balance(model.name), settings().currency))


class AccountBrowser(Browser):
    """Accounts with their balances; house accounts are summed on their own page."""

    action = Action.SEE_LEDGER
    column_list = ("id", "name", "kind", "ref", "balance", "keeps_balance", "may_be_negative")
    column_searchable_list = ("name", "ref")
    column_filters = ("kind", "ref")
    column_formatters: ClassVar[dict[str, Any]] = {"balance": _show_balance}
    column_formatters_detail: ClassVar[dict[str, Any]] = {"balance": _sum_balance}


class TransactionBrowser(Browser):
    """Transactions: search by their key, filter by purchase, withdrawal, top-up and who did it."""

    action = Action.SEE_LEDGER
    column_list = ("id", "at", "kind", "key", "actor_id", "purchase_id", "withdrawal_id", "top_up_id")
    column_details_exclude_list = ("request_hash",)
    column_searchable_list = ("key",)
    column_filters = ("kind", "at", "actor_id", "purchase_id", "withdrawal_id", "top_up_id")
    column_formatters: ClassVar[dict[str, Any]] = {"at": show_moment}


class EntryBrowser(Browser):
    """Entries: filter by account or transaction."""

    action = Action.SEE_LEDGER
    column_list = ("id", "transaction_id", "account_id", "amount", "balance_after", "seq")
    column_filters = ("transaction_id", "account_id", "amount")
    column_formatters: ClassVar[dict[str, Any]] = {"amount": _show_money, "balance_after": _show_money}


class PurchaseBrowser(Browser):
    """Purchases with all that was fixed when they were made."""

    action = Action.SEE_PURCHASES
    column_list = (
        *("id", "bought_at", "student_id", "course_id", "author_id", "state"),
        *("price_minor", "commission_minor", "refundable_until", "release_at"),
    )
    column_filters = ("student_id", "course_id", "author_id", "state", "bought_at", "release_at")
    column_formatters: ClassVar[dict[str, Any]] = {
        **dict.fromkeys(("price_minor", "commission_minor"), _show_money),
        **dict.fromkeys(("bought_at", "refundable_until", "release_at"), show_moment),
    }
