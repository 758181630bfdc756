"""The form of a question, with its rows of answer options (C-5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import DataRequired

from backoffice.operations.content import OPTIONS_MAX, QUESTION_FIELDS, Option, QuestionTexts, new_key
from backoffice.public.studio.shared_form import SharedForm

# More rows than there may be options, so that too many are refused by their rule and not cut off in silence.
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One line of the option editor."""

    key: str
    text: str
    right: bool


class QuestionForm(SharedForm):
    """A question (C-5). The options are plain rows option-N-text, -right, -key; empty rows are left out."""

    FIELDS = QUESTION_FIELDS

    text = TextAreaField(_l("Question"), validators=[DataRequired()])
    explanation = TextAreaField(_l("Explanation, shown after answering"))

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__(stored)
        self.rows = _filled_up(_typed_rows() if self.is_submitted() else _stored_rows(stored.get("options", ())))

    def value(self, field: str) -> Any:
        """What was typed, as `QuestionTexts` has it."""
        if field == "options":
            return tuple(Option(row.text, row.right, row.key) for row in self.rows if row.text.strip() or row.right)
        return self[field].data

    def controls(self, field: str, stored: Any) -> dict[str, Any]:
        """The controls of a field by their names; those of the options are their rows, the spare ones empty."""
        if field != "options":
            return super().controls(field, stored)
        rows = _filled_up(_stored_rows(stored), len(self.rows))
        return {
            f"option-{number}-{part}": value
            for number, row in enumerate(rows)
            for part, value in (("key", row.key), ("text", row.text), ("right", row.right))
        }

    def label_of(self, field: str) -> str:
        """The name of a field for people."""
        return _("Answer options") if field == "options" else super().label_of(field)

    def spoken(self, field: str, stored: Any) -> str:
        """A value for people; options a line each, the right ones ticked."""
        if field != "options":
            return super().spoken(field, stored)
        rows = stored if isinstance(stored, tuple) else _stored_rows(stored)
        return "\n".join(f"{'✓' if row.right else '✗'} {row.text}" for row in rows)

    def refill(self, field: str, stored: Any) -> None:
        """Show what is stored in a field; the options are rows."""
        if field == "options":
            self.rows = _filled_up(_stored_rows(stored))
        else:
            super().refill(field, stored)

    def tell(self, field: str, message: str) -> None:
        """Say at a field why it was not saved; the options are no field of their own, so above the form."""
        super().tell(field, message)
        if field == "options":
            self.form_errors.append(message)

    def texts(self) -> QuestionTexts:
        """What was typed, for a new question."""
        return QuestionTexts(**{field: self.value(field) for field in self.FIELDS})


def _typed_rows() -> list[OptionRow]:
    typed = request.form
    return [
        OptionRow(
            typed.get(f"option-{number}-key", ""), typed[f"option-{number}-text"], f"option-{number}-right" in typed
        )
        for number in range(MOST_ROWS)
        if f"option-{number}-text" in typed
    ]


def _stored_rows(options: Sequence[Mapping[str, Any]]) -> list[OptionRow]:
    return [OptionRow(option["key"], option["text"], option["right"]) for option in options]


def _filled_up(rows: list[OptionRow], least: int = OPTIONS_MAX) -> list[OptionRow]:
    """The rows and empty ones; these have keys, under which their options are known from the first save on."""
    return rows + [OptionRow(new_key(), "", False) for _number in range(least - len(rows))]
