"""What an author has earned and will earn (M-6, M-7)."""

from flask import render_template, request, url_for

from backoffice import formats
from backoffice.access import Action
from backoffice.config import settings
from backoffice.money import Money
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.public.studio.blueprint import bp
from backoffice.queries import forecast, money
from backoffice.queries import purchases as purchase_queries


@bp.get("/earnings")
def earnings() -> str:
    """Available, frozen, and every sale with its amount after commission: pending, success or cancelled."""
    viewer().actor.require(Action.WITHDRAW)
    before = request.args.get("before", type=whole_number)
    sales, more = purchase_queries.sales_of(viewer().actor.person_id, before=before)
    earned = forecast.by_course_and_month(viewer().actor.person_id, viewer().time_zone) if before is None else ()
    return render_template(
        "studio/earnings.html",
        balance=money.balance(viewer().actor.person_id),
        coming=[
            formats.bar(day.day, day.amount.minor, formats.money(day.amount))
            for day in forecast.releases_by_day(viewer().actor.person_id, viewer().time_zone)
        ],
        earned=earned,
        earned_in_all=Money(sum(row.net.minor for row in earned), settings().currency),
        sales=sales,
        older=url_for("studio.earnings", before=sales[-1].id) if more else "",
        newest=url_for("studio.earnings") if before is not None else "",
    )
