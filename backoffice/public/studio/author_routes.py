"""Becoming an author by filling in a profile, and changing it later (C-6)."""

from dataclasses import asdict

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.errors import DomainError
from backoffice.operations import authors
from backoffice.public import refusals
from backoffice.public.sessions import viewer
from backoffice.public.studio.author_forms import AuthorForm
from backoffice.public.studio.blueprint import bp
from backoffice.queries.accounts import author_texts


@bp.route("/become-author", methods=["GET", "POST"])
def become_author() -> Response | str | tuple[str, int]:
    """Fill in the author profile; whoever is an author already changes it here."""
    person = viewer()
    texts = author_texts(person.id) if person.id is not None else None
    form = AuthorForm(data=asdict(texts) if texts else {"display_name": person.name})
    if form.validate_on_submit():
        try:
            if texts and person.is_author:
                authors.edit_profile(actor=person.actor, texts=form.texts())
            else:
                authors.become_author(actor=person.actor, texts=form.texts())
        except DomainError as error:
            refusals.show(form, error)
        else:
            flash(_("Your author profile is saved."), "success")
            return redirect(url_for("studio.become_author" if texts else "studio.courses"))
    page = render_template("studio/become_author.html", form=form, texts=texts)
    return page, 422 if form.is_submitted() else 200
