"""A refusal of the domain on the form that caused it, so that nothing typed is lost (rule 13)."""

from flask import flash
from flask_wtf import FlaskForm

from backoffice.errors import DomainError


def show(form: FlaskForm, error: DomainError) -> None:
    """Put the message at the field that the error names, else above the form."""
    field = error.data.get("field")
    if field in form:
        form[field].errors = [*form[field].errors, str(error.message)]
    else:
        flash(str(error.message), "error")
