"""What every view of the back office stands on: nobody gets in without a named action, nothing is written (B-8)."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, ClassVar

from flask import abort, current_app, flash, get_template_attribute, redirect, request, url_for
from flask_admin import AdminIndexView, BaseView
from flask_admin.contrib.sqla import ModelView
from flask_admin.model import typefmt
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup
from sqlalchemy import func
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.admin.labels import COLUMN_LABELS
from backoffice.db import db
from backoffice.errors import DomainError
from backoffice.formats import moment, plain_cell
from backoffice.public.incoming import whole_number
from backoffice.public.media.links import signed_master_url
from backoffice.public.sessions import viewer

PAGE_SIZE = 50
# Deeper than anybody turns pages; filters lead further.
LAST_PAGE = 10_000
OF_URL_FOR = frozenset({"self", "endpoint", "export_type"})
# Flask-Admin keeps categories as plain text; the menu's template shows them by this table.
MENU_TITLES = {"review": _l("Review"), "money": _l("Money"), "tasks": _l("Tasks")}


class Guarded:
    """Denies everybody who may not do `action`; a view that names none is closed to all (B-8)."""

    action: ClassVar[Action | None] = None
    menu_titles = MENU_TITLES

    def is_accessible(self) -> bool:
        """Whether the viewer may see this view, its menu entry included."""
        return self.action is not None and viewer().actor.may(self.action)

    def inaccessible_callback(self, _name: str, **_arguments: Any) -> Response:
        """Visitors are asked to log in, everybody else is told that they may not."""
        if viewer().is_authenticated or request.method != "GET":
            abort(403)
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))

    @property
    def extra_css(self) -> Sequence[str]:
        """The house's clothes, after the ones of Flask-Admin."""
        return (_built("admin.css"),)

    @property
    def extra_js(self) -> Sequence[str]:
        """The one listener that stands for inline handlers."""
        return (_built("admin.js"),)


class Page(Guarded, BaseView):
    """A page of our own."""


class IndexPage(Guarded, AdminIndexView):
    """The first page."""


def _show_state(_view: Any, value: Enum, _name: str) -> Markup:
    badge = get_template_attribute("macros/basics.html", "state_badge")
    return Markup(badge(value))  # noqa: S704 (the template has escaped it)


def _write_state(_view: Any, value: Enum, _name: str) -> str:
    return str(value.value)


class Browser(Guarded, ModelView):
    """A table to look into: no create, edit or delete, whatever the address says."""

    form_base_class = FlaskForm
    can_create = False
    can_edit = False
    can_delete = False
    can_view_details = True
    can_export = True
    export_max_rows = 10_000
    list_template = "admin/browser_list.html"
    details_template = "admin/browser_details.html"
    page_size = PAGE_SIZE
    can_set_page_size = False
    column_default_sort: Any = ("id", True)
    column_display_pk = True
    named_filter_urls = True
    column_labels: ClassVar[dict[str, Any]] = COLUMN_LABELS
    column_type_formatters: ClassVar[dict[type, Any]] = {**typefmt.BASE_FORMATTERS, Enum: _show_state}
    column_type_formatters_detail: ClassVar[dict[type, Any]] = {**typefmt.DETAIL_FORMATTERS, Enum: _show_state}
    column_type_formatters_export: ClassVar[dict[type, Any]] = {**typefmt.EXPORT_FORMATTERS, Enum: _write_state}

    def _handle_view(self, name: str, **arguments: Any) -> Any:
        """Before each view. Flask-Admin hands the address's arguments on to `url_for`, which has names of its own."""
        if any(asked in OF_URL_FOR or asked.startswith("_") for asked in request.args):
            abort(404)
        return super()._handle_view(name, **arguments)

    def _get_list_extra_args(self) -> Any:
        """The address's page, order and filters and nothing else; a page that cannot be is the first one."""
        asked = super()._get_list_extra_args()
        asked.extra_args = {}
        if asked.page is None or not 0 <= asked.page <= LAST_PAGE:
            asked.page = 0
        return asked

    def get_one(self, id: str) -> Any:  # noqa: A002 (Flask-Admin's name)
        """One row; None for what can be no key of this table, as for a row that is not there."""
        if getattr(self.model, str(self._primary_key)).type.python_type is int:
            try:
                whole_number(id)
            except ValueError:
                return None
        # Flask-Admin takes a comma for a key of two columns.
        return super().get_one(id) if "," not in id else None

    def get_count_query(self) -> Any:
        """A count that PostgreSQL answers without a cast per row."""
        return db.session.query(func.count()).select_from(self.model)

    def get_list(self, *arguments: Any, execute: bool = True, **named: Any) -> tuple[int | None, Any]:
        """Two steps: the page's keys first, then its rows, so that OFFSET never walks wide rows."""
        count, query = super().get_list(*arguments, execute=False, **named)
        if not execute:
            return count, query
        key = getattr(self.model, str(self._primary_key))
        keys = list(query.enable_eagerloads(False).with_entities(key).all())
        order = {row[0]: number for number, row in enumerate(keys)}
        if not order:
            return count, []
        rows = db.session.query(self.model).filter(key.in_(order)).all()
        return count, sorted(rows, key=lambda row: order[getattr(row, key.key)])

    def get_export_value(self, model: Any, name: Any) -> Any:
        """A value of the CSV; text that a spreadsheet would run as a formula is made plain text."""
        value = super().get_export_value(model, name)
        return plain_cell(value) if isinstance(value, str) else value


def _built(name: str) -> str:
    return str(current_app.extensions["assets"].url(name))


def video_url(upload_id: str) -> str:
    """A short-lived link by which the viewer plays a video of any course (L-8, X-5)."""
    return signed_master_url(upload_id, viewer().actor.person_id)


def show_moment(_view: Any, _context: Any, model: Any, name: str) -> str:
    """Column formatter: a moment in the reader's zone."""
    value = getattr(model, name)
    return moment(value) if value is not None else ""


def perform(work: Callable[[], Any], done: str, back: str, *, otherwise: str = "") -> Response:
    """Run one operation for a button and go `back`; what the domain refuses becomes a flash and leads `otherwise`."""
    try:
        work()
    except DomainError as error:
        flash(str(error.message), "error")
        return redirect(otherwise or back)
    flash(done, "success")
    return redirect(back)
