"""The form of a coupon, for authors and for the house (M-11)."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from backoffice.config import settings
from backoffice.operations.coupons import CouponTerms
from backoffice.public.studio.forms import MomentField, MoneyField, aware


class CouponForm(FlaskForm):
    """Code, what it takes off, for which course, how often, and when; moments in the reader's time zone (S-6)."""

    code = StringField(_l("Code"), [InputRequired(_l("Write a code.")), Length(max=60)])
    percent = IntegerField(_l("Percent off"), [Optional()])
    amount = MoneyField(_l("Or an amount off"))
    course_id = SelectField(_l("For"), coerce=int, default=0)
    max_uses = IntegerField(_l("How often it can be used"), [Optional()])
    starts_at = MomentField(_l("Begins"), [Optional()])
    ends_at = MomentField(_l("Ends"), [Optional()])

    def __init__(self, courses: list[tuple[int, str]]) -> None:
        self.currency = settings().currency
        super().__init__()
        self.course_id.choices = [
            SelectChoice(0, _l("All courses")),
            *(SelectChoice(course_id, title) for course_id, title in courses),
        ]

    def terms(self) -> CouponTerms:
        """What was typed, for the operation."""
        return CouponTerms(
            code=self.code.data or "",
            percent=self.percent.data,
            amount_minor=self.amount.minor,
            course_id=self.course_id.data or None,
            max_uses=self.max_uses.data,
            starts_at=aware(self.starts_at.data),
            ends_at=aware(self.ends_at.data),
        )
