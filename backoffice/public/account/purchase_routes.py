"""Courses that were bought: the list, the receipt of each, and giving one back (M-3, M-4)."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice import formats
from backoffice.errors import Conflict
from backoffice.money import Money
from backoffice.operations import purchases as operations
from backoffice.public.account.blueprint import bp
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries import purchases as queries
from backoffice.queries import receipts


@bp.get("/purchases")
def purchases() -> str:
    """Courses that the viewer has bought, each with the date until which it can be given back (M-4)."""
    before = request.args.get("before", type=whole_number)
    bought, more = queries.of_student(viewer().actor.person_id, before=before)
    return render_template(
        "account/purchases.html",
        bought=bought,
        older=url_for("account.purchases", before=bought[-1].id) if more else "",
        newest=url_for("account.purchases") if before is not None else "",
    )


@bp.get("/purchases/<int:purchase_id>")
def purchase(purchase_id: int) -> str:
    """The receipt, to be printed or kept."""
    found = receipts.receipt(viewer().actor.person_id, purchase_id)
    if found is None:
        abort(404)
    return render_template("account/receipt.html", receipt=found)


@bp.get("/purchases/<int:purchase_id>/refund")
def refund_preview(purchase_id: int) -> str | Response:
    """What comes back, what is lost and until when, before anything is done (M-4)."""
    found = receipts.refund_preview(viewer().actor.person_id, purchase_id)
    if found is None:
        abort(404)
    if not found.bought.kept:
        return redirect(url_for("account.purchase", purchase_id=purchase_id))
    return render_template("account/refund.html", preview=found)


@bp.post("/purchases/<int:purchase_id>/refund")
def refund(purchase_id: int) -> Response:
    """Give a course back (M-4)."""
    try:
        returned = operations.refund(actor=viewer().actor, purchase_id=purchase_id)
    except Conflict as error:
        # The days ran out while the preview was open: the page that says so is the preview itself.
        flash(str(error.message), "error")
        return redirect(url_for("account.refund_preview", purchase_id=purchase_id))
    price = formats.money(Money(returned.price_minor, returned.currency))
    flash(_("The course is given back: %(price)s is on your balance again.", price=price), "success")
    return redirect(url_for("account.purchase", purchase_id=purchase_id))
