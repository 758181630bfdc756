"""All purchases, and one with its money: staff can give it back (B-3, M-4)."""

from typing import Any, ClassVar

from flask import abort, g, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.admin.base import Browser, perform, show_moment
from backoffice.config import settings
from backoffice.errors import NotAllowed, Refused
from backoffice.formats import money
from backoffice.models.purchases import PurchaseState
from backoffice.money import Money
from backoffice.operations import clawbacks
from backoffice.public.sessions import viewer
from backoffice.queries import purchases as queries
from backoffice.queries.ledger_browser import Search, transactions


def _show_money(_view: Any, _context: Any, model: Any, name: str) -> str:
    return money(Money(getattr(model, name), settings().currency))


def _link(_view: object, _context: object, model: Any, name: str) -> Markup:
    address = url_for("admin_purchases.purchase", purchase_id=model.id)
    return Markup('<a href="{}">{}</a>').format(address, getattr(model, name))


def _show_person(_view: object, _context: object, model: Any, name: str) -> Markup:
    number = getattr(model, name)
    address = url_for("admin_users.user", user_id=number)
    return Markup('<a href="{}">{}</a>').format(address, g.purchase_names.people.get(number, number))


def _show_course(_view: object, _context: object, model: Any, name: str) -> Markup:
    number = getattr(model, name)
    address = url_for("admin_courses.course", course_id=number)
    return Markup('<a href="{}">{}</a>').format(address, g.purchase_names.courses.get(number, number))


class PurchaseBrowser(Browser):
    """Purchases with all that was fixed when they were made; the page of one has the button."""

    action = Action.SEE_PURCHASES
    can_view_details = False
    column_list = (
        *("id", "bought_at", "student_id", "course_id", "author_id", "state"),
        *("price_minor", "commission_minor", "refundable_until", "release_at"),
    )
    column_export_list = column_list
    column_filters = ("student_id", "course_id", "author_id", "state", "bought_at", "release_at")
    column_formatters: ClassVar[dict[str, Any]] = {
        "id": _link,
        **dict.fromkeys(("student_id", "author_id"), _show_person),
        "course_id": _show_course,
        **dict.fromkeys(("price_minor", "commission_minor"), _show_money),
        **dict.fromkeys(("bought_at", "refundable_until", "release_at"), show_moment),
    }
    column_formatters_export: ClassVar[dict[str, Any]] = {}

    def get_list(self, *arguments: Any, **named: Any) -> tuple[int | None, Any]:
        """The page's rows, and the names of their people and courses for the formatters in two statements."""
        count, rows = super().get_list(*arguments, **named)
        if named.get("execute", True):
            g.purchase_names = queries.names_of(rows)
        return count, rows

    @expose("/<int:purchase_id>")
    def purchase(self, purchase_id: int) -> str:
        """One purchase: its parties, its money, and giving it back."""
        page = queries.by_id(purchase_id)
        if page is None:
            abort(404)
        posted, _more = transactions(Search(purchase=purchase_id))
        preview = queries.clawback_preview(page)
        return self.render("admin/purchase.html", page=page, transactions=posted, preview=preview)

    @expose("/<int:purchase_id>/give-back", methods=("POST",))
    def give_back(self, purchase_id: int) -> Response:
        """Return the whole price to the student, with a reason."""
        if not viewer().actor.may(Action.GIVE_MONEY_BACK):
            raise NotAllowed("access.denied", _("You are not allowed to do this."))
        reason = request.form.get("reason", "")
        return perform(
            lambda: clawbacks.give_back(
                actor=viewer().actor, purchase_id=purchase_id, reason=reason, shown_state=_shown_state()
            ),
            _("The money is back with the student."),
            url_for(".purchase", purchase_id=purchase_id),
        )


def _shown_state() -> PurchaseState:
    try:
        return PurchaseState(request.form.get("state", ""))
    except ValueError as error:
        raise Refused("purchase.state", _("Reload the page and try again.")) from error
