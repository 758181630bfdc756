"""Everybody's coupons, and the ones of the house (B-3, M-11)."""

from flask import flash, redirect, url_for
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.admin.base import Page, perform
from backoffice.errors import DomainError
from backoffice.operations import coupons as operations
from backoffice.public import refusals
from backoffice.public.sessions import viewer
from backoffice.public.studio.coupon_forms import CouponForm
from backoffice.queries import coupons


class CouponsPage(Page):
    """All coupons, and the form for one of the house."""

    action = Action.MAKE_HOUSE_COUPONS

    @expose("/")
    def index(self) -> str:
        """The list, those in use first."""
        return self._show(CouponForm([]))

    @expose("/", methods=("POST",))
    def create(self) -> Response | tuple[str, int]:
        """Make a coupon of the house; a refused form keeps what was typed."""
        form = CouponForm([])
        if form.validate_on_submit():
            try:
                made = operations.create(actor=viewer().actor, terms=form.terms(), of_the_house=True)
            except DomainError as error:
                refusals.show(form, error)
            else:
                flash(_("The coupon %(code)s can be used.", code=made.code), "success")
                return redirect(url_for(".index"))
        return self._show(form), 422

    @expose("/<int:coupon_id>/disable", methods=("POST",))
    def disable(self, coupon_id: int) -> Response:
        """Take it out of use."""
        return perform(
            lambda: operations.disable(actor=viewer().actor, coupon_id=coupon_id),
            _("The coupon is out of use. What was bought with it stays."),
            url_for(".index"),
        )

    def _show(self, form: CouponForm) -> str:
        return self.render("admin/coupons.html", form=form, coupons=coupons.all_of_them())
