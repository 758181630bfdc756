"""Forms of the own profile."""

from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Length

from backoffice.operations.accounts import MAX_NAME
from backoffice.operations.passwords import MAX_LENGTH, MIN_LENGTH

_AREAS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
AS_THE_BROWSER = "auto"
TIME_ZONES = ("UTC", *sorted(zone for zone in available_timezones() if zone.startswith(_AREAS)))


class ProfileForm(FlaskForm):
    """Name, language and time zone."""

    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=MAX_NAME)])
    locale = SelectField(
        _l("Language"),
        validators=[DataRequired()],
        choices=[
            SelectChoice(AS_THE_BROWSER, _l("As in the browser")),
            SelectChoice("en", "English"),
            SelectChoice("ru", "Русский"),
        ],
    )
    time_zone = SelectField(
        _l("Time zone"),
        validators=[DataRequired()],
        choices=[SelectChoice(zone, zone.replace("_", " ")) for zone in TIME_ZONES],
    )


class PasswordForm(FlaskForm):
    """The present password and the new one."""

    current = PasswordField(_l("Present password"), validators=[DataRequired(), Length(max=MAX_LENGTH)])
    password = PasswordField(_l("New password"), validators=[DataRequired(), Length(MIN_LENGTH, MAX_LENGTH)])
