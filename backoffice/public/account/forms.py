"""Forms of money: topping up by card (M-2) and asking for a withdrawal (M-8)."""

import calendar
import re
import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Length

from backoffice.config import settings
from backoffice.integrations.payments.base import Card, checked_card
from backoffice.money import Money, TooMuch, parse
from backoffice.operations.withdrawals import METHOD_LENGTH
from backoffice.public.incoming import whole_number
from backoffice.queries.money import CardView

_EXPIRY = re.compile(r"(0?[1-9]|1[0-2])\s*/?\s*((?:20)?[0-9]{2})", re.ASCII)


class AmountField(StringField):
    """An amount as people type it; `data` is Money in the shop's currency, or None."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed, and read it; blanks alone are nothing."""
        self.data = None
        if not valuelist or not valuelist[0].strip():
            self.raw_data = None
            return
        try:
            self.data = parse(valuelist[0], settings().currency)
        except TooMuch as error:
            raise ValueError(_("This amount is too great.")) from error
        except ValueError as error:
            raise ValueError(_("Write an amount like 25 or 25.50, without commas between thousands.")) from error

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return str(self.data.decimal()) if isinstance(self.data, Money) else ""


class CardPartField(StringField):
    """A part of a card: never sent back to the page, whatever was wrong with it (M-2)."""

    def _value(self) -> str:
        return ""


class ExpiryField(CardPartField):
    """MM/YY; `data` is the last day on which the card is good, or None."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the month and the year."""
        self.data = None
        if valuelist and valuelist[0].strip():
            found = _EXPIRY.fullmatch(valuelist[0].strip())
            if found is None:
                raise ValueError(_("Write month and year as on the card, like 09/31."))
            month, year = int(found[1]), 2000 + int(found[2]) % 100
            self.data = date(year, month, calendar.monthrange(year, month)[1])


class KeyedForm(FlaskForm):
    """A form that does something once: its key makes a double click or a reload the same request (M-10)."""

    request_key = HiddenField(validators=[InputRequired(), Length(max=64)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.request_key.data:
            self.request_key.data = secrets.token_urlsafe(16)


class MoneyForm(KeyedForm):
    """A form with an amount that moves."""

    def request(self) -> tuple[str, int]:
        """Key and amount in minor units of a valid form."""
        return str(self.request_key.data), int(self["amount"].data.minor)


class TopUpForm(MoneyForm):
    """Amount and card: one that is kept, or another one."""

    amount = AmountField(_l("Amount"), [InputRequired(_l("How much?"))])
    saved = RadioField(_l("Card"), coerce=whole_number, default=0, validate_choice=False)
    number = CardPartField(_l("Card number"), [Length(max=40)])
    expires = ExpiryField(_l("Good until"))
    code = CardPartField(_l("Security code"), [Length(max=8)])
    keep = BooleanField(_l("Keep this card for the next time"))
    next = HiddenField()

    def __init__(self, cards: Sequence[CardView], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.saved.choices = [
            *(SelectChoice(card.id, f"{card.brand} ···· {card.last4}") for card in cards if card.usable),
            SelectChoice(0, _l("Another card")),
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        """The parts of a card are needed where no kept one is chosen, and refused where one is."""
        valid = super().validate(extra_validators)
        if self.saved.data and any(
            self[name].raw_data and self[name].raw_data[0].strip() for name in ("number", "code")
        ):
            self.saved.errors = [_("Choose “Another card” to pay with the card that you typed; nothing was charged.")]
            return False
        needed = {
            "number": _l("Write the card number."),
            "expires": _l("Write month and year as on the card, like 09/31."),
            "code": _l("Write the security code."),
        }
        for name, message in needed.items():
            field = self[name]
            if not self.saved.data and not field.errors and not field.data:
                field.errors = [message]
                valid = False
        return valid

    def card(self) -> Card:
        """The card of a valid form. Raises Refused `card.*` with the field when it cannot be used."""
        return checked_card(str(self.number.data), cast(date, self.expires.data), str(self.code.data))


class WithdrawForm(MoneyForm):
    """Amount and where it goes."""

    amount = AmountField(_l("Amount"), [InputRequired(_l("How much?"))])
    payout_method = StringField(
        _l("Where to"), [InputRequired(_l("Say where the money should go.")), Length(max=METHOD_LENGTH)]
    )
