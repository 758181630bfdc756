"""Forms of the doors: they keep what was typed, the rules are the operations'."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from backoffice.operations.accounts import MAX_NAME
from backoffice.operations.passwords import MAX_LENGTH, MIN_LENGTH

MAX_EMAIL = 254


class LoginForm(FlaskForm):
    """E-mail and password."""

    email = EmailField(_l("E-mail"), validators=[DataRequired(), Length(max=MAX_EMAIL)])
    password = PasswordField(_l("Password"), validators=[DataRequired(), Length(max=MAX_LENGTH)])


class RegistrationForm(FlaskForm):
    """What an account begins with; the time zone is filled in by the browser."""

    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=MAX_NAME)])
    email = EmailField(_l("E-mail"), validators=[DataRequired(), Length(max=MAX_EMAIL)])
    password = PasswordField(_l("Password"), validators=[DataRequired(), Length(MIN_LENGTH, MAX_LENGTH)])
    time_zone = HiddenField()


class EmailForm(FlaskForm):
    """Where the letter shall go."""

    email = EmailField(_l("E-mail"), validators=[DataRequired(), Length(max=MAX_EMAIL)])


class NewPasswordForm(FlaskForm):
    """A new password; shown once, since the browser can reveal and keep it."""

    password = PasswordField(_l("New password"), validators=[DataRequired(), Length(MIN_LENGTH, MAX_LENGTH)])
