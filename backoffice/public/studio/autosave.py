"""Saving an editor's form: by its button, or by the script of the page a little after typing stops (L-1, rule 4)."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response, flash, jsonify, render_template, request
from flask_babel import format_time
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from backoffice import clock
from backoffice.errors import DomainError
from backoffice.operations.merging import Saved
from backoffice.public import refusals
from backoffice.public.sessions import viewer
from backoffice.public.studio.blueprint import bp
from backoffice.public.studio.shared_form import SharedForm


@bp.get("/token")
def token() -> Response:
    """A token for a page that outlived its login: who is signed in again goes on typing there."""
    return jsonify(csrf_token=generate_csrf())


def save(form: SharedForm, then: BaseResponse, operation: Callable[..., Saved], **place: int) -> BaseResponse | None:
    """Save what was typed by an operation of `operations/editing`, as far as it can be saved.

    The script of the page is answered in JSON. A person is led to `then`, or gets None: the form has something to say.
    """
    form.validate()
    try:
        saved = operation(actor=viewer().actor, typed=form.typed(), shown=form.shown_values(), **place)
    except DomainError as error:
        if _by_itself():
            raise
        refusals.show(form, error)
        return None
    merged = form.take(saved)
    if _by_itself():
        return _told(form, saved, merged)
    if form.refusals or form.clashes:
        for field, value in merged.items():
            form.refill(field, value)
        return None
    flash(_("Saved."), "success")
    return then


def _by_itself() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _told(form: SharedForm, saved: Saved, merged: dict[str, Any]) -> Response:
    """What the script needs: the form's new fingerprints, controls to set, what was not saved, and a sentence.

    `clashes` has, by field, the fingerprint and the controls of the others' version; `choice` lets a person choose.
    """
    marks = json.loads(form.shown.data or "{}")
    unsaved = [form.label_of(field) for field in [*form.refusals, *saved.clashes]]
    if unsaved:
        said = _("Not everything is saved. Look at: %(fields)s", fields=", ".join(unsaved))
    else:
        said = _("Saved at %(time)s", time=format_time(clock.now(), "short"))
    return jsonify(
        said=said,
        shown=marks,
        merged={field: form.controls(field, value) for field, value in merged.items()},
        refused=form.refusals,
        clashes={
            clash.field: {"shown": clash.mark, "controls": form.controls(clash.field, saved.stored[clash.field])}
            for clash in form.clashes
        },
        choice=render_template("studio/_clashes.html", clashes=form.clashes),
    )
