"""Asking for a withdrawal, seeing how it goes, taking it back (M-8)."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.config import settings
from backoffice.errors import Conflict, DomainError
from backoffice.integrations.payments import PAYOUTS
from backoffice.money import Money
from backoffice.operations import withdrawals
from backoffice.public import refusals
from backoffice.public.account.blueprint import bp
from backoffice.public.account.forms import WithdrawForm
from backoffice.public.sessions import viewer
from backoffice.queries import money


def _page(form: WithdrawForm) -> str:
    return render_template(
        "account/withdraw.html",
        form=form,
        balance=money.balance(viewer().actor.person_id),
        least=Money(settings().min_withdrawal_minor, settings().currency),
        withdrawals=money.withdrawals(viewer().actor.person_id),
        known_methods=money.payout_methods(viewer().actor.person_id),
    )


@bp.get("/withdraw")
def withdraw() -> str:
    """The form and one's withdrawals so far."""
    viewer().actor.require(Action.WITHDRAW)
    return _page(WithdrawForm(formdata=None))


@bp.post("/withdraw")
def ask_for_withdrawal() -> Response | tuple[str, int]:
    """Ask to be paid out."""
    viewer().actor.require(Action.WITHDRAW)
    form = WithdrawForm()
    if form.validate_on_submit():
        key, amount = form.request()
        try:
            withdrawals.ask(
                actor=viewer().actor,
                request_key=key,
                amount_minor=amount,
                payout_method=form.payout_method.data,
                provider=PAYOUTS,
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            flash(_("Your withdrawal is asked for. An admin looks at it, then the money is on its way."), "success")
            return redirect(url_for("account.withdraw"))
    return _page(form), 422


@bp.post("/withdrawals/<int:withdrawal_id>/cancel")
def cancel_withdrawal(withdrawal_id: int) -> Response:
    """Take a withdrawal back that nobody has decided yet."""
    try:
        withdrawals.cancel(actor=viewer().actor, withdrawal_id=withdrawal_id)
    except Conflict:
        flash(_("It was too late to cancel: the withdrawal has been decided. Its state stands below."), "error")
    else:
        flash(_("The withdrawal is cancelled; the money is on your balance again."), "success")
    return redirect(url_for("account.withdraw"))
