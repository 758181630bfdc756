"""An author's coupons (M-11)."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.errors import DomainError
from backoffice.operations import coupons as operations
from backoffice.public import refusals
from backoffice.public.sessions import viewer
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.coupon_forms import CouponForm
from backoffice.queries import coupons


@bp.route("/coupons", methods=["GET", "POST"])
def coupon_list() -> Response | tuple[str, int]:
    """One's coupons with how often each was used, and the form for a new one."""
    actor = viewer().actor
    actor.require(Action.MAKE_COUPONS)
    form = CouponForm(coupons.own_courses(actor.person_id))
    if form.validate_on_submit():
        try:
            made = operations.create(actor=actor, terms=form.terms())
        except DomainError as error:
            refusals.show(form, error)
        else:
            flash(_("The coupon %(code)s can be used.", code=made.code), "success")
            return redirect(url_for("studio.coupon_list"))
    page = render_template("studio/coupons.html", form=form, coupons=coupons.of_author(actor.person_id))
    return page, 422 if form.is_submitted() else 200


@bp.post("/coupons/<int:coupon_id>/disable")
def disable_coupon(coupon_id: int) -> Response:
    """Take a coupon out of use."""
    operations.disable(actor=viewer().actor, coupon_id=coupon_id)
    flash(_("The coupon is out of use. What was bought with it stays."), "success")
    return redirect(url_for("studio.coupon_list"))
