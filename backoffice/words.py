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
# By the code of a payout provider; `payout_failure` has a word for the others too.
_PAYOUT_FAILURES = {
    "account_closed": _l("The account is closed."),
    "account_unknown": _l("There is no such account."),
    "name_mismatch": _l("The account belongs to somebody with another name."),
}


def payout_failure(code: str) -> str:
    """Why a payout was not made or came back, in the reader's language."""
    return str(_PAYOUT_FAILURES.get(code) or _l("The bank gave no reason that we could pass on (%(code)s).", code=code))


STATUSES = {"pending": _l("Pending"), "success": _l("Done"), "cancelled": _l("Cancelled")}
# By the state of the purchase, top-up, withdrawal or correction behind an entry, on pages and in files alike.
STATES = {
    **STATUSES,
    "started": _l("Pending"),
    "settled": _l("Done"),
    "asked": _l("Waiting for approval"),
    "approved": _l("Approved"),
    "paid": _l("Paid"),
    "reserved": _l("In reserve"),
    "released": _l("Released"),
    "refunded": _l("Refunded"),
    "clawed_back": _l("Taken back"),
    "charged_back": _l("Charged back"),
    "bounced": _l("Came back"),
    "posted": _l("Posted"),
    "waiting": _l("Waiting"),
    "declined": _l("Declined"),
    "failed": _l("Failed"),
}
# Accounts as their owner and the other side of a deal see them.
ACCOUNTS = {
    "available": _l("your balance"),
    "available_of_other": _l("the other side's balance"),
    "debt": _l("what you owe"),
    "debt_of_other": _l("what the other side owes"),
    "reserve": _l("in reserve"),
    "withdrawing": _l("on its way to you"),
    "platform": _l("commission"),
    "provider": _l("payment provider"),
}
