"""Catalogues: add, rename, retire, restore (C-8)."""

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.admin.base import Page, perform
from backoffice.errors import DomainError
from backoffice.operations import catalogues
from backoffice.public.incoming import whole_number
from backoffice.public.sessions import viewer
from backoffice.queries import catalogue_entries

NAMES = {
    "category": _l("Categories"),
    "skill_area": _l("Areas of skills"),
    "skill": _l("Skills"),
    "language": _l("Languages"),
    "rejection_reason": _l("Reasons of rejection"),
}


class CataloguesPage(Page):
    """One tab per catalogue."""

    action = Action.MANAGE_CATALOGUES

    @expose("/")
    def index(self) -> Response:
        """The first catalogue."""
        return redirect(url_for(".catalogue", catalogue="category"))

    @expose("/<catalogue>")
    def catalogue(self, catalogue: str) -> str:
        """Entries of one catalogue."""
        return self._show(catalogue, {})

    @expose("/<catalogue>/add", methods=("POST",))
    def add(self, catalogue: str) -> Response | tuple[str, int]:
        """Add an entry; a refused form keeps what was typed."""
        form = request.form
        try:
            catalogues.add(
                actor=viewer().actor,
                catalogue=catalogue,
                text_en=form.get("text_en", ""),
                text_ru=form.get("text_ru", ""),
                key=form.get("key", ""),
                parent_id=form.get("parent_id", type=whole_number),
            )
        except DomainError as error:
            flash(str(error.message), "error")
            return self._show(catalogue, form.to_dict()), error.status
        flash(_("The entry is in the catalogue."), "success")
        return redirect(url_for(".catalogue", catalogue=catalogue))

    @expose("/<catalogue>/<entry_id>/rename", methods=("POST",))
    def rename(self, catalogue: str, entry_id: str) -> Response:
        """Change its texts."""
        form = request.form
        return perform(
            lambda: catalogues.rename(
                actor=viewer().actor,
                catalogue=catalogue,
                entry_id=entry_id,
                text_en=form.get("text_en", ""),
                text_ru=form.get("text_ru", ""),
            ),
            _("The entry has its new name."),
            url_for(".catalogue", catalogue=catalogue),
        )

    @expose("/<catalogue>/<entry_id>/retire", methods=("POST",))
    def retire(self, catalogue: str, entry_id: str) -> Response:
        """Offer it no more."""
        return perform(
            lambda: catalogues.retire(actor=viewer().actor, catalogue=catalogue, entry_id=entry_id),
            _("The entry is retired: what uses it keeps it."),
            url_for(".catalogue", catalogue=catalogue),
        )

    @expose("/<catalogue>/<entry_id>/restore", methods=("POST",))
    def restore(self, catalogue: str, entry_id: str) -> Response:
        """Offer it again."""
        return perform(
            lambda: catalogues.restore(actor=viewer().actor, catalogue=catalogue, entry_id=entry_id),
            _("The entry is offered again."),
            url_for(".catalogue", catalogue=catalogue),
        )

    def _show(self, catalogue: str, typed: dict[str, str]) -> str:
        if catalogue not in NAMES:
            abort(404)
        return self.render(
            "admin/catalogues.html",
            catalogue=catalogue,
            names=NAMES,
            typed=typed,
            entries=catalogue_entries.entries(catalogue),
            parents=catalogue_entries.parents(catalogue),
            has_key=catalogue in catalogues.KEYS,
        )
