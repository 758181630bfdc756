"""The page of a course: buying it and reviewing it (C-1, M-3, P-7)."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice import clock, markdown, pricing
from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.money import Money
from backoffice.operations import purchases, reviews
from backoffice.public.sessions import viewer
from backoffice.public.storefront.cards import picture
from backoffice.public.storefront.filters import level_names
from backoffice.public.storefront.forms import BuyForm, ReviewForm
from backoffice.public.storefront.routes import bp, language
from backoffice.queries import coupons
from backoffice.queries.course_page import CoursePage, course_page

DRAFT = "draft"


def _found(slug: str, *, of_draft: bool = False) -> CoursePage:
    page = course_page(slug, viewer().actor, language(), of_draft=of_draft)
    if page is None:
        abort(404)
    return page


def _render(page: CoursePage, **more: Any) -> str:
    price = page.card.price if page.card.discounted_price is None else page.card.discounted_price
    code, with_coupon, coupon_problem = _coupon(page, price)
    form = more.pop("review_form", None) or ReviewForm(stars=page.relation.stars, text=page.relation.text)
    return render_template(
        "storefront/course.html",
        page=page,
        price=price,
        cover=picture(page.card, 960),
        description=markdown.render(page.description),
        level=level_names()[page.level.value],
        refund_days=settings().refund_days,
        buy_form=BuyForm(
            formdata=None,
            shown_price_minor=(price if with_coupon is None else with_coupon).minor,
            coupon="" if with_coupon is None else code,
        ),
        coupon_code=code,
        coupon_price=with_coupon,
        coupon_problem=coupon_problem,
        review_form=form,
        **more,
    )


@bp.get("/courses/<slug>")
def course(slug: str) -> str:
    """A course with its price, outline and reviews; `shown=draft` is the author's and staff's look at a draft (L-1)."""
    return _render(_found(slug, of_draft=request.args.get("shown") == DRAFT))


@bp.post("/courses/<slug>/buy")
def buy(slug: str) -> Response | tuple[str, int]:
    """Buy the course at the price that was shown (M-3)."""
    page, form = _found(slug), BuyForm()
    if not form.validate_on_submit():
        abort(400)
    try:
        purchases.buy(
            actor=viewer().actor,
            course_id=page.card.id,
            shown_price_minor=form.shown_price_minor.data,
            coupon_code=form.coupon.data or "",
        )
    except DomainError as error:
        missing = error.data.get("missing_minor")
        top_up = _top_up_url(page, Money(missing, page.card.price.currency)) if missing else ""
        return _render(_found(slug), problem=error, top_up_url=top_up), error.status
    flash(_("The course is yours. Enjoy it."), "success")
    return redirect(url_for("learning.course", slug=slug))


def _coupon(page: CoursePage, price: Money) -> tuple[str, Money | None, DomainError | None]:
    """The code that was typed, and the price with it or why it cannot be used (M-11)."""
    code = request.values.get("coupon", "").strip()[:60]
    if not code or not page.on_sale:
        return code, None, None
    try:
        coupon = pricing.usable(
            coupons.by_code(pricing.normal(code)), course_id=page.card.id, author_id=page.author_id, now=clock.now()
        )
    except DomainError as error:
        return code, None, error
    return code, Money(pricing.reduced(price.minor, coupon), price.currency), None


def _top_up_url(page: CoursePage, missing: Money) -> str:
    least = Money(max(missing.minor, settings().min_top_up_minor), missing.currency)
    back = url_for(".course", slug=page.card.slug, coupon=request.values.get("coupon") or None)
    return url_for("account.top_up", amount=str(least.decimal()), next=back)


@bp.post("/courses/<slug>/review")
def review(slug: str) -> Response | tuple[str, int]:
    """Write or change the viewer's review (P-7)."""
    page, form = _found(slug), ReviewForm()
    if not form.validate_on_submit():
        return _render(page, review_form=form), 422
    try:
        reviews.review(actor=viewer().actor, course_id=page.card.id, stars=form.stars.data, text=form.text.data or "")
    except DomainError as error:
        return _render(page, review_form=form, problem=error), error.status
    flash(_("Thank you. Your review is on the page; the rating follows in a moment."), "success")
    return redirect(url_for(".course", slug=slug) + "#reviews")
