"""The form of a correction (B-4)."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from backoffice.config import settings
from backoffice.money import parse
from backoffice.operations.texts import REASON_MAX
from backoffice.public.account.forms import KeyedForm

LINES = 4


class CorrectionForm(KeyedForm):
    """Up to four lines of an account and a signed amount that sum to zero, and why."""

    reason = TextAreaField(_l("Reason"), [InputRequired(_l("Say what was wrong.")), Length(max=REASON_MAX)])
    account_1, account_2, account_3, account_4 = (
        StringField(_l("Account"), validators=[Length(max=80)]) for _number in range(LINES)
    )
    amount_1, amount_2, amount_3, amount_4 = (
        StringField(_l("Amount, with a minus where it leaves"), validators=[Length(max=20)]) for _number in range(LINES)
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse amounts that are none; the lines as a whole are the operation's business."""
        valid = super().validate(extra_validators)
        for number in range(1, LINES + 1):
            field = self[f"amount_{number}"]
            try:
                _minor(str(field.data or "0"))
            except ValueError:
                field.errors = [_l("Write amounts like 25 or -25.50.")]
                valid = False
        return valid

    def lines(self) -> dict[str, int]:
        """Signed minor units by account; an account that is named twice is added up."""
        found: dict[str, int] = {}
        for number in range(1, LINES + 1):
            name, amount = (str(self[f"{part}_{number}"].data or "").strip() for part in ("account", "amount"))
            if name and amount:
                found[name] = found.get(name, 0) + _minor(amount)
        return found


def _minor(typed: str) -> int:
    return parse(typed.strip().replace("\N{MINUS SIGN}", "-") or "0", settings().currency).minor
