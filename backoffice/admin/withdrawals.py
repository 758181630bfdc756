"""Withdrawals that an admin approves or declines (M-8, B-1)."""

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.admin.base import Page, perform
from backoffice.config import settings
from backoffice.errors import DomainError, Refused
from backoffice.formats import money
from backoffice.models.payments import WithdrawalState
from backoffice.money import Money
from backoffice.operations import withdrawals
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries import back_office

_OPEN = (WithdrawalState.ASKED, WithdrawalState.APPROVED)
_DONE = tuple(state for state in WithdrawalState if state not in _OPEN)


class WithdrawalsPage(Page):
    """The queue of withdrawals, and what was decided lately."""

    action = Action.DECIDE_WITHDRAWALS

    @expose("/")
    def index(self) -> str:
        """Open ones, oldest first; the last decided ones below."""
        return self.render(
            "admin/withdrawals.html",
            waiting=back_office.withdrawals(_OPEN),
            decided=back_office.withdrawals(_DONE, newest_first=True),
        )

    @expose("/<int:withdrawal_id>/approve", methods=("POST",))
    def approve(self, withdrawal_id: int) -> Response:
        """Let it go out."""
        return perform(
            lambda: withdrawals.approve(
                actor=viewer().actor,
                withdrawal_id=withdrawal_id,
                shown_amount_minor=_shown_amount(),
                shown_state=_shown_state(),
            ),
            _("Approved: the provider pays it out."),
            url_for(".index"),
        )

    @expose("/approve", methods=("POST",))
    def approve_many(self) -> Response:
        """Let those that are ticked go out, each an operation of its own: one that is refused stops no other."""
        ticked = request.form.getlist("ticked")[: back_office.PAGE]
        if not ticked:
            flash(_("Tick the withdrawals that shall go out first."), "info")
            return redirect(url_for(".index"))
        approved = 0
        for shown in ticked:
            number, amount, state = [*shown.split(":"), "", ""][:3]
            try:
                withdrawals.approve(
                    actor=viewer().actor,
                    withdrawal_id=_number(number),
                    shown_amount_minor=_number(amount),
                    shown_state=_state(state),
                )
            except DomainError as error:
                sum_of_it = money(Money(_number(amount), settings().currency))
                flash(_("The withdrawal of %(amount)s: %(reason)s", amount=sum_of_it, reason=error.message), "error")
            else:
                approved += 1
        done = ngettext("%(num)d withdrawal is approved.", "%(num)d withdrawals are approved.", approved)
        flash(done, "success" if approved else "info")
        return redirect(url_for(".index"))

    @expose("/<int:withdrawal_id>/decline", methods=("POST",))
    def decline(self, withdrawal_id: int) -> Response:
        """Refuse it with a reason; the money returns."""
        return perform(
            lambda: withdrawals.decline(
                actor=viewer().actor,
                withdrawal_id=withdrawal_id,
                reason=request.form.get("reason", ""),
                shown_amount_minor=_shown_amount(),
                shown_state=_shown_state(),
            ),
            _("Declined: the money is back on the author's balance."),
            url_for(".index"),
        )


def _shown_amount() -> int:
    return request.form.get("amount_minor", default=0, type=whole_number)


def _number(text: str) -> int:
    try:
        return whole_number(text)
    except ValueError:
        return 0


def _shown_state() -> WithdrawalState:
    return _state(request.form.get("state", ""))


def _state(text: str) -> WithdrawalState:
    try:
        return WithdrawalState(text)
    except ValueError as error:
        raise Refused("withdrawal.state", _("Reload the page and try again.")) from error
