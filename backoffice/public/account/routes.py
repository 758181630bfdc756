"""The account's overview and balance (M-6, M-7)."""

from flask import render_template

from backoffice.public.account.blueprint import bp
from backoffice.public.sessions import viewer
from backoffice.queries import history, money
from backoffice.queries import purchases as purchase_queries

RECENT = 5


@bp.get("/")
def dashboard() -> str:
    """What one has, what one learns, and what happened last."""
    bought, _more = purchase_queries.of_student(viewer().actor.person_id, limit=RECENT)
    entries, _more = history.statement(viewer().actor.person_id, limit=RECENT)
    return render_template(
        "account/dashboard.html",
        balance=money.balance(viewer().actor.person_id),
        bought=[purchase for purchase in bought if purchase.access],
        entries=entries,
    )


@bp.get("/balance")
def balance() -> str:
    """Available and frozen, the next arrivals, and what is under way (M-7)."""
    entries, _more = history.statement(viewer().actor.person_id, limit=RECENT)
    return render_template(
        "account/balance.html",
        balance=money.balance(viewer().actor.person_id),
        top_ups=money.open_top_ups(viewer().actor.person_id),
        withdrawals=[withdrawal for withdrawal in money.withdrawals(viewer().actor.person_id) if withdrawal.is_open],
        entries=entries,
    )
