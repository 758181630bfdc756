"""Sales, what was given back, and what is in reserve (B-4)."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_admin import expose
from flask_babel import format_date

from backoffice.access import Action
from backoffice.admin.base import Page
from backoffice.formats import money
from backoffice.public.sessions import viewer
from backoffice.queries import sales


class SalesPage(Page):
    """The shop's money by days and courses."""

    action = Action.SEE_PURCHASES

    @expose("/")
    def index(self) -> str:
        """The last 30 days, or the period of the address; days are those of the reader's zone."""
        asked = request.args.get("days", "")
        days = next((period for period in sales.PERIODS if asked == str(period)), 30)
        zone = viewer().time_zone
        reserves = sales.reserves(zone)
        return self.render(
            "admin/sales.html",
            days=days,
            periods=sales.PERIODS,
            totals=sales.totals(days),
            sold=_bars(sales.by_day(days, zone)),
            courses=sales.best_courses(days),
            reserves=reserves,
            coming=_bars(reserves.days),
        )


def _bars(days: Sequence[sales.Day]) -> list[dict[str, Any]]:
    return [
        {"label": format_date(day.day, "d MMM", rebase=False), "value": day.amount.minor, "text": money(day.amount)}
        for day in days
    ]
