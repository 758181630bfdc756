"""Names of what happens to money, as people read them on pages and in files."""

from flask_babel import lazy_gettext as _l

# By the kind of the ledger transaction.
OPERATIONS = {
    "top_up": _l("Top-up"),
    "purchase": _l("Purchase"),
    "refund": _l("Given back"),
    "release": _l("Sale"),
    "withdrawal": _l("Withdrawal"),
    "withdrawal_paid": _l("Paid out"),
    "withdrawal_returned": _l("Withdrawal returned"),
    "clawback": _l("Sale taken back"),
    "chargeback": _l("Top-up charged back"),
    "payout_bounced": _l("Withdrawal came back"),
    "correction": _l("Correction"),
}
STATUSES = {"pending": _l("Pending"), "success": _l("Done"), "cancelled": _l("Cancelled")}
# Accounts as their owner and the other side of a deal see them.
ACCOUNTS = {
    "available": _l("your balance"),
    "available_of_other": _l("the other one's balance"),
    "debt": _l("what you owe"),
    "debt_of_other": _l("what the other one owes"),
    "reserve": _l("in reserve"),
    "withdrawing": _l("on its way to you"),
    "platform": _l("commission"),
    "provider": _l("payment provider"),
}
