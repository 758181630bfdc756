"""Forms of captions (C-4)."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from backoffice.public.studio.forms import VersionedForm


class CaptionsForm(VersionedForm):
    """A file with captions; without a label of its own it is called by its language."""

    language_code = SelectField(_l("Language"), validators=[InputRequired()])
    label = StringField(_l("Name in the player's menu"))
    captions = FileField(_l("File"))


class CaptionTextForm(VersionedForm):
    """The text of captions, edited by hand."""

    label = StringField(_l("Name in the player's menu"), validators=[InputRequired()])
    captions = TextAreaField(_l("Captions"), validators=[InputRequired()])
