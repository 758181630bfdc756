"""The form of the author profile (C-6)."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from backoffice.operations.authors import MAX_ABOUT, MAX_DISPLAY_NAME, MAX_HEADLINE, MAX_YEARS, ProfileTexts


class AuthorForm(FlaskForm):
    """What an author writes about themselves; expertise one field per line."""

    display_name = StringField(_l("Name on your courses"), validators=[DataRequired(), Length(max=MAX_DISPLAY_NAME)])
    headline = StringField(_l("Headline"), validators=[Length(max=MAX_HEADLINE)])
    about = TextAreaField(_l("About"), validators=[Length(max=MAX_ABOUT)])
    expertise = TextAreaField(_l("Expertise"))
    years_of_teaching = IntegerField(_l("Years of teaching"), validators=[MayBeEmpty(), NumberRange(0, MAX_YEARS)])

    def texts(self) -> ProfileTexts:
        """What was typed, as the operation takes it."""
        return ProfileTexts(
            display_name=self.display_name.data or "",
            headline=self.headline.data or "",
            about=self.about.data or "",
            expertise=tuple((self.expertise.data or "").splitlines()),
            years_of_teaching=self.years_of_teaching.data,
        )
