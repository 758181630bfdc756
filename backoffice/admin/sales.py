"""Sales, what was given back, and what is in reserve (B-4)."""

from flask import request
from flask_admin import expose

from backoffice.access import Action
from backoffice.admin.base import Page
from backoffice.formats import bar, money
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
            sold=[bar(day.day, day.amount.minor, money(day.amount)) for day in sales.by_day(days, zone)],
            courses=sales.best_courses(days),
            reserves=reserves,
            coming=[bar(day.day, day.amount.minor, money(day.amount)) for day in reserves.days],
        )
