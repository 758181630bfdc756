"""Forms of the editor that several tabs, or several people, may have open at the same time (L-1, rule 4)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, SelectMultipleField

from backoffice.operations.merging import Saved, Shown, fingerprint, fingerprints
from backoffice.public.sessions import viewer
from backoffice.queries.diff import Segment, words
from backoffice.queries.media import upload_status

MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that was changed here and elsewhere: both values as people read them, word by word.

    `mine` has what stands only here as added, `theirs` what stands only there as removed.
    """

    field: str
    label: str
    mark: str
    mine: tuple[Segment, ...]
    theirs: tuple[Segment, ...]


class SharedForm(FlaskForm):
    """A form that knows what its fields were filled with, so that only what was changed here is saved.

    A subclass names its FIELDS and gives each value as the operation takes it.
    """

    FIELDS: ClassVar[tuple[str, ...]]

    shown = HiddenField()

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.clashes: list[Clash] = []
        self.refusals: dict[str, str] = {}
        super().__init__(data={field: self.control_value(field, value) for field, value in stored.items()})
        if not self.is_submitted():
            self.shown.data = json.dumps(fingerprints(stored))

    def value(self, field: str) -> Any:
        """What was typed, as the operation takes it."""
        return self[field].data

    def control_value(self, _field: str, stored: Any) -> Any:
        """A stored value as the field's control holds it."""
        return stored

    def controls(self, field: str, stored: Any) -> dict[str, Any]:
        """The controls of a field by their names, as a script sets them: bool, list of str, or str."""
        value = self.control_value(field, stored)
        if isinstance(self[field], SelectMultipleField):
            return {field: [str(part) for part in value]}
        if isinstance(value, bool):
            return {field: value}
        return {field: "" if value is None else str(value)}

    def label_of(self, field: str) -> str:
        """The name of a field for people."""
        return str(self[field].label.text)

    def spoken(self, field: str, stored: Any) -> str:
        """A value for people."""
        control, value = self[field], self.control_value(field, stored)
        if isinstance(control, BooleanField):
            return _("yes") if value else _("no")
        if isinstance(control, SelectField | SelectMultipleField):
            chosen = value if isinstance(control, SelectMultipleField) else [value]
            return ", ".join(str(label) for key, label in control.choices if key in chosen)
        if isinstance(control, HiddenField) and value:
            # The id tells two files of one name apart.
            file = upload_status(str(value))
            return f"{file.filename} ({file.id[:8]})" if file and file.owner_id == viewer().id else ""
        return "" if value is None else str(value)

    def typed(self) -> dict[str, Any]:
        """What was typed, without what can be no value of its field and what is given up for the others' version."""
        given_up = {field for field in self.FIELDS if self._choice(field)[0] == THEIRS}
        return {field: self.value(field) for field in self.FIELDS if field not in self.errors.keys() | given_up}

    def shown_values(self) -> Shown:
        """What the fields were filled with; who has seen the others' version of one and keeps theirs was shown that."""
        try:
            shown = json.loads(self.shown.data or "")
        except (ValueError, RecursionError):
            shown = {}
        known = {name: mark for name, mark in shown.items() if isinstance(mark, str)} if isinstance(shown, dict) else {}
        choices = {field: self._choice(field) for field in self.FIELDS}
        return known | {field: mark for field, (side, mark) in choices.items() if side == MINE}

    def _choice(self, field: str) -> tuple[str, str]:
        side, _dot, mark = request.form.get(f"choose-{field}", "").partition(".")
        return side, mark

    def take(self, saved: Saved) -> dict[str, Any]:
        """Tell what was not saved, and be about what is stored now; returns what only others have changed."""
        typed, shown = self.typed(), dict(self.shown_values())
        for field, refused in saved.refused.items():
            self.tell(field, str(refused.message))
        for field, errors in self.errors.items():
            if field in self.FIELDS:
                self.refusals.setdefault(field, str(errors[0]))
        for field in saved.clashes:
            theirs = saved.stored[field]
            pieces = words(self.spoken(field, theirs), self.spoken(field, typed[field]))
            mine = tuple(piece for piece in pieces if piece.kind != "removed")
            others = tuple(piece for piece in pieces if piece.kind != "added")
            self.clashes.append(Clash(field, self.label_of(field), fingerprint(theirs), mine, others))
        settled = [field for field in self.FIELDS if field not in {*self.refusals, *saved.clashes}]
        shown |= {field: fingerprint(saved.stored[field]) for field in settled}
        self.shown.data = json.dumps(shown)
        return {
            field: saved.stored[field]
            for field in settled
            if field not in typed or fingerprint(typed[field]) != shown[field]
        }

    def tell(self, field: str, message: str) -> None:
        """Say at a field why it was not saved."""
        self.refusals[field] = message
        if field in self:
            self[field].errors = [*self[field].errors, message]

    def refill(self, field: str, stored: Any) -> None:
        """Show what is stored in a field."""
        self[field].data = self.control_value(field, stored)
