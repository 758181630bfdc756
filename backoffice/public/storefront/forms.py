"""Forms of the course page."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.widgets import HiddenInput

from backoffice.operations.reviews import MAX_TEXT


class BuyForm(FlaskForm):
    """The price that the buyer saw, in minor units, and the coupon that made it (M-3, M-11)."""

    shown_price_minor = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(min=0)])
    coupon = HiddenField(validators=[Length(max=60)])


class ReviewForm(FlaskForm):
    """Stars and words (P-7)."""

    stars = RadioField(
        _l("Stars"),
        coerce=int,
        choices=[(number, "★" * number) for number in range(5, 0, -1)],
        validators=[InputRequired(_l("Give one to five stars."))],
    )
    text = TextAreaField(_l("Your words"), validators=[Length(max=MAX_TEXT)])
