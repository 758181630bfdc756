"""Tasks, uploads and letters (B-1, B-6, T-3, X-6)."""

from datetime import timedelta
from typing import Any, ClassVar

from flask import url_for
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice import clock
from backoffice.access import Action
from backoffice.admin.base import Browser, Page, perform, show_moment
from backoffice.config import settings
from backoffice.models.media import FINISHED, Upload
from backoffice.operations import parked
from backoffice.public.sessions import viewer
from backoffice.queries import back_office


class ParkedPage(Page):
    """Deliveries that failed for good, each with its error and a button (T-3)."""

    action = Action.MANAGE_TASKS

    @expose("/")
    def index(self) -> str:
        """The list, newest first."""
        return self.render("admin/parked.html", tasks=back_office.parked_tasks())

    @expose("/<int:delivery_id>/retry", methods=("POST",))
    def retry(self, delivery_id: int) -> Response:
        """Send it again."""
        return perform(
            lambda: parked.retry(actor=viewer().actor, delivery_id=delivery_id),
            _("It is on its way again."),
            url_for(".index"),
        )


class DeliveryBrowser(Browser):
    """One event for one actor."""

    action = Action.MANAGE_TASKS
    column_list = (
        "id",
        "event_id",
        "actor",
        "due_at",
        "sends",
        "attempts",
        "started_at",
        "done_at",
        "parked_at",
        "error",
    )
    column_filters = ("event_id", "actor", "attempts", "done_at", "parked_at")
    column_formatters: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("due_at", "started_at", "done_at", "parked_at"), show_moment
    )


class EventBrowser(Browser):
    """What has happened, as the outbox tells it (T-1)."""

    action = Action.MANAGE_TASKS
    column_list = ("id", "name", "payload", "created_at", "expanded_at")
    column_filters = ("name", "created_at")
    column_formatters: ClassVar[dict[str, Any]] = dict.fromkeys(("created_at", "expanded_at"), show_moment)


class SweepBrowser(Browser):
    """The last run of each sweep (B-6)."""

    action = Action.MANAGE_TASKS
    can_view_details = False
    column_default_sort = "name"
    column_list = ("name", "ran_at", "handled", "took_ms", "error")
    column_formatters: ClassVar[dict[str, Any]] = {"ran_at": show_moment}


class UploadBrowser(Browser):
    """Uploads that have shown no sign of life for too long (B-1)."""

    action = Action.SEE_STUCK_UPLOADS
    column_default_sort = "updated_at"
    column_list = ("id", "owner_id", "kind", "filename", "state", "percent", "attempt", "updated_at", "lease_until")
    column_details_list = (*column_list, "size", "offset", "created_at", "error_code", "error_detail", "hold_code")
    column_formatters: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("updated_at", "lease_until", "created_at"), show_moment
    )

    def get_query(self) -> Any:
        """Only stuck ones."""
        return self._stuck(super().get_query())

    def get_count_query(self) -> Any:
        """Count of the same."""
        return self._stuck(super().get_count_query())

    def _stuck(self, query: Any) -> Any:
        silent_since = clock.now() - timedelta(minutes=settings().stuck_upload_minutes)
        return query.filter(Upload.state.not_in(FINISHED), Upload.updated_at < silent_since)


class LetterBrowser(Browser):
    """Letters as people got them; in development only (X-6)."""

    action = Action.SEE_LETTERS
    can_export = False
    column_list = ("id", "written_at", "recipient", "subject", "sent_at")
    column_searchable_list = ("recipient", "subject")
    column_formatters: ClassVar[dict[str, Any]] = dict.fromkeys(("written_at", "sent_at"), show_moment)
    details_template = "admin/letter.html"
