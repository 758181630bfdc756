"""The ledger: transactions, accounts at a moment, corrections, and the proof of the book (B-4, M-10)."""

from datetime import UTC, datetime
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import to_utc
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.admin.base import Page, perform
from backoffice.admin.ledger_forms import LINES, CorrectionForm
from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.models.ledger import TransactionKind
from backoffice.money import Money
from backoffice.operations import bookkeeping, corrections
from backoffice.public import refusals
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries import corrections as correction_queries
from backoffice.queries import ledger_browser as queries
from backoffice.queries.ledger_browser import Search

SEARCHED = ("key", "kind", "user", "course", "purchase")


class LedgerPage(Page):
    """Everything that was ever posted, read only."""

    action = Action.SEE_LEDGER

    @expose("/")
    def index(self) -> str:
        """Transactions, newest first; key, operation, user, course and purchase stand in the address."""
        args = request.args
        kind = args.get("kind", "")
        search = Search(
            key=args.get("key", "").strip(),
            kind=kind if kind in set(TransactionKind) else "",
            user=args.get("user", "").strip(),
            course=args.get("course", "").strip(),
            purchase=args.get("purchase", type=whole_number),
        )
        # What cannot be looked for finds nothing, instead of being left out of the search.
        senseless = (kind != "" and not search.kind) or (bool(args.get("purchase")) and search.purchase is None)
        found, last = ([], None) if senseless else queries.transactions(search, before=_before())
        chosen: dict[str, Any] = {name: args[name] for name in SEARCHED if args.get(name)}
        more = url_for(".index", **chosen, before=last) if last is not None else ""
        return self.render(
            "admin/ledger.html",
            transactions=found,
            search=search,
            more=more,
            chosen=chosen,
            meant=None if found else queries.suggestions(search),
        )

    @expose("/transactions/<int:transaction_id>")
    def transaction(self, transaction_id: int) -> str:
        """One transaction with its entries."""
        found = queries.transaction(transaction_id)
        if found is None:
            abort(404)
        return self.render("admin/ledger_transaction.html", transaction=found)

    @expose("/accounts/<path:account>")
    def account(self, account: str) -> str:
        """One account: its balance now and at the moment of the address, and its entries."""
        typed = request.args.get("at", "")
        page = queries.account(account, moment=_moment(typed), before=_before())
        if page is None:
            abort(404)
        more = ""
        if page.next_before is not None:
            more = url_for(".account", account=account, at=typed or None, before=page.next_before)
        return self.render("admin/ledger_account.html", page=page, at=typed, more=more)


def _before() -> int | None:
    return request.args.get("before", type=whole_number)


def _moment(typed: str) -> datetime | None:
    try:
        return to_utc(datetime.fromisoformat(typed)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


class CorrectionsPage(Page):
    """Mistakes mended by another transaction; above a limit a second admin confirms."""

    action = Action.CORRECT_THE_BOOK

    @expose("/")
    def index(self) -> str:
        """What waits, what was decided, and the form."""
        return self._show(CorrectionForm())

    @expose("/", methods=("POST",))
    def enter(self) -> Response | tuple[str, int]:
        """Enter a correction; a refused form keeps what was typed."""
        form = CorrectionForm()
        if form.validate_on_submit():
            try:
                made = corrections.enter(
                    actor=viewer().actor,
                    request_key=str(form.request_key.data),
                    lines=form.lines(),
                    reason=form.reason.data or "",
                )
            except DomainError as error:
                refusals.show(form, error)
            else:
                waits = made.state.value == "waiting"
                flash(_("It waits for another admin.") if waits else _("The correction is posted."), "success")
                return redirect(url_for(".index"))
        return self._show(form), 422

    @expose("/<int:correction_id>/confirm", methods=("POST",))
    def confirm(self, correction_id: int) -> Response:
        """Post what another admin has entered."""
        return perform(
            lambda: corrections.confirm(actor=viewer().actor, correction_id=correction_id),
            _("The correction is posted."),
            url_for(".index"),
        )

    @expose("/<int:correction_id>/decline", methods=("POST",))
    def decline(self, correction_id: int) -> Response:
        """Let it be."""
        reason = request.form.get("reason", "")
        return perform(
            lambda: corrections.decline(actor=viewer().actor, correction_id=correction_id, reason=reason),
            _("The correction is declined; nothing was posted."),
            url_for(".index"),
        )

    def _show(self, form: CorrectionForm) -> str:
        return self.render(
            "admin/corrections.html",
            form=form,
            lines=LINES,
            limit=Money(settings().correction_limit_minor, settings().currency),
            waiting=correction_queries.corrections(waiting=True),
            decided=correction_queries.corrections(waiting=False),
            me=viewer().id,
        )


class ProofPage(Page):
    """The proof of the whole book: green or red, what was looked at, and its trend."""

    action = Action.SEE_LEDGER

    @expose("/")
    def index(self) -> str:
        """The last run in full, and the ones before it."""
        return self.render("admin/proof.html", runs=correction_queries.proof_runs())

    @expose("/run", methods=("POST",))
    def run(self) -> Response:
        """Have the book proven now, by a worker."""
        return perform(
            lambda: bookkeeping.ask_for_proof(actor=viewer().actor),
            _("The book is being proven. Load this page again in a moment to see the result."),
            url_for(".index"),
        )
