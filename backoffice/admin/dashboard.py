"""The first page of the back office (B-5)."""

from typing import Any

from flask_admin import expose

from backoffice.access import Action
from backoffice.admin.base import IndexPage
from backoffice.config import settings
from backoffice.formats import bar, money
from backoffice.money import Money
from backoffice.public.sessions import viewer
from backoffice.queries import dashboard


class Dashboard(IndexPage):
    """What waits, and the last two weeks."""

    action = Action.SEE_BACK_OFFICE

    @expose("/")
    def index(self) -> str:
        """Counts of the queues, each a link to its list; sales for those who may see purchases."""
        counts = dashboard.queue_counts(settings().stuck_upload_minutes)
        actor = viewer().actor
        sales: list[dict[str, Any]] = []
        if actor.may(Action.SEE_PURCHASES):
            sales = [
                bar(figure.day, figure.value, money(Money(figure.value, settings().currency)))
                for figure in dashboard.sales_by_day()
            ]
        return self.render(
            "admin/dashboard.html",
            counts=counts,
            withdrawn=Money(counts.withdrawals_minor, settings().currency),
            decisions=[bar(figure.day, figure.value, str(figure.value)) for figure in dashboard.decisions_by_day()],
            sales=sales,
            sees_money=actor.may(Action.DECIDE_WITHDRAWALS),
            sees_tasks=actor.may(Action.MANAGE_TASKS),
        )
