"""The account's overview, balance and purchases (M-4, M-6, M-7)."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice import formats
from backoffice.money import Money
from backoffice.operations import purchases as purchase_operations
from backoffice.public.account.blueprint import bp
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.public.site.routes import safe_next
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


@bp.get("/purchases")
def purchases() -> str:
    """Courses that the viewer has bought, each with the date until which it can be given back (M-4)."""
    before = request.args.get("before", type=whole_number)
    bought, more = purchase_queries.of_student(viewer().actor.person_id, before=before)
    return render_template(
        "account/purchases.html",
        bought=bought,
        older=url_for("account.purchases", before=bought[-1].id) if more else "",
        newest=url_for("account.purchases") if before is not None else "",
    )


@bp.post("/purchases/<int:purchase_id>/refund")
def refund(purchase_id: int) -> Response:
    """Give a course back (M-4)."""
    purchase = purchase_operations.refund(actor=viewer().actor, purchase_id=purchase_id)
    price = formats.money(Money(purchase.price_minor, purchase.currency))
    flash(_("The course is given back: %(price)s is on your balance again.", price=price), "success")
    return redirect(safe_next(request.form.get("next")) or url_for("account.purchases"))
