"""Forms of the studio: they keep what was typed, the rules are the operations'."""

from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import to_user_timezone, to_utc
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Optional, ValidationError
from wtforms.widgets import RangeInput

from backoffice import money
from backoffice.models.content import Level
from backoffice.operations.assignments import ASSIGNMENT_FIELDS
from backoffice.operations.content import LECTURE_FIELDS
from backoffice.operations.courses import Terms
from backoffice.operations.revisions import TEXT_COLUMNS
from backoffice.public.studio.desk import in_russian
from backoffice.public.studio.shared_form import SharedForm
from backoffice.queries.studio import CourseHead
from backoffice.queries.studio_nodes import Choices

LEVELS = {
    Level.ALL: _l("For everybody"),
    Level.BEGINNER: _l("For beginners"),
    Level.INTERMEDIATE: _l("Intermediate"),
    Level.ADVANCED: _l("Advanced"),
}

FIRST_YEAR, LAST_YEAR = 2000, 2999


class NewCourseForm(FlaskForm):
    """What a course begins with."""

    title = StringField(_l("Title"), validators=[DataRequired()])
    language_code = SelectField(_l("Language of the course"), validators=[DataRequired()])


class VersionedForm(FlaskForm):
    """A form that is about the version of the course that was shown (rule 4)."""

    version = HiddenField(validators=[InputRequired()])

    def shown_version(self) -> int:
        """The version that was shown; -1, which never is one, for nonsense."""
        digits = str(self.version.data)
        return int(digits) if digits.isdecimal() and len(digits) < 10 else -1


class TextsForm(SharedForm):
    """What stands on the course's page (C-1)."""

    FIELDS = (*TEXT_COLUMNS, "skill_ids")

    title = StringField(_l("Title"), validators=[DataRequired()])
    short_description = TextAreaField(_l("Short description"))
    description = TextAreaField(_l("Description"))
    requirements = TextAreaField(_l("Requirements"))
    category_id = SelectField(_l("Category"), coerce=int)
    level = SelectField(_l("Level"), choices=[(level.value, label) for level, label in LEVELS.items()])
    language_code = SelectField(_l("Language of the course"))
    skill_ids = SelectMultipleField(_l("Skills gained"), coerce=int)
    cover_upload_id = HiddenField(_l("Cover"))
    includes_certificate = BooleanField(_l("The course includes a certificate"))
    access_days = IntegerField(_l("Access in days"), validators=[Optional()])

    def offer(self, choices: Choices) -> None:
        """Fill the lists in the reader's language."""
        russian = in_russian()
        self.category_id.choices = [
            (0, _("not chosen yet")),
            *((entry.id, entry.name(russian)) for entry in choices.categories),
        ]
        self.language_code.choices = [(entry.id, entry.name(russian)) for entry in choices.languages]
        self.skill_ids.choices = [(entry.id, entry.name(russian)) for entry in choices.skills]

    def value(self, field: str) -> Any:
        """What was typed, as `CourseTexts` has it."""
        data = self[field].data
        if field == "skill_ids":
            return frozenset(data or ())
        if field in ("category_id", "cover_upload_id"):
            return data or None
        return Level(data) if field == "level" else data

    def control_value(self, field: str, stored: Any) -> Any:
        """A stored value as the field's control holds it."""
        if field == "category_id":
            return stored or 0
        return sorted(stored) if field == "skill_ids" else stored


class MoneyField(StringField):
    """An amount in the shop's currency; `data` is what was typed, `minor` the minor units or None."""

    minor: int | None = None

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not an exact amount."""
        self.minor = None
        if self.data and self.data.strip():
            try:
                self.minor = money.parse(self.data, form.currency).minor
            except money.TooMuch as error:
                raise ValidationError(_("This amount is too great.")) from error
            except ValueError as error:
                raise ValidationError(_("Write an amount such as 49 or 49.90.")) from error


class MomentField(DateTimeLocalField):
    """A moment in the reader's time zone; years beyond any calendar of a shop are refused before zones are applied."""

    data: datetime | None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        super().process_formdata(valuelist)
        if self.data is not None and not FIRST_YEAR <= self.data.year <= LAST_YEAR:
            self.data = None
            raise ValueError(
                _("Choose a date between the years %(first)s and %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)
            )


class TermsForm(FlaskForm):
    """Price, discount and sales window (L-5, M-11); moments in the reader's time zone (S-6)."""

    price = MoneyField(_l("Price"), validators=[DataRequired(_l("Write a price; 0 is free."))])
    discount = MoneyField(_l("Discounted price"), validators=[])
    discount_until = MomentField(_l("Discount ends"), validators=[Optional()])
    sale_from = MomentField(_l("Sale begins"), validators=[Optional()])
    sale_until = MomentField(_l("Sale ends"), validators=[Optional()])

    def __init__(self, head: CourseHead) -> None:
        self.currency = head.price.currency
        super().__init__(
            data={
                "price": str(head.price.decimal()),
                "discount": str(head.discount.decimal()) if head.discount is not None else "",
                "discount_until": _local(head.discount_until),
                "sale_from": _local(head.sale_from),
                "sale_until": _local(head.sale_until),
            }
        )

    def terms(self) -> Terms:
        """What was typed, for the operation."""
        return Terms(
            price_minor=self.price.minor or 0,
            discount_minor=self.discount.minor,
            discount_until=aware(self.discount_until.data),
            sale_from=aware(self.sale_from.data),
            sale_until=aware(self.sale_until.data),
        )


def _local(moment: datetime | None) -> datetime | None:
    return to_user_timezone(moment).replace(tzinfo=None) if moment is not None else None


def aware(moment: datetime | None) -> datetime | None:
    """A moment that was typed in the reader's time zone, in UTC (S-6)."""
    return to_utc(moment).replace(tzinfo=UTC) if moment is not None else None


class NewModuleForm(FlaskForm):
    """What a module begins with."""

    title = StringField(_l("Title"), validators=[DataRequired()])


class CropForm(FlaskForm):
    """The part of a picture that a cover shows, in parts of 10,000 (C-1)."""

    x = IntegerField(_l("Left or right"), widget=RangeInput(), validators=[InputRequired()])
    y = IntegerField(_l("Up or down"), widget=RangeInput(), validators=[InputRequired()])
    width = IntegerField(_l("Size of the part"), widget=RangeInput(), validators=[InputRequired()])
    shown_upload_id = HiddenField(validators=[InputRequired()])


class ModuleForm(SharedForm):
    """A module (C-3)."""

    FIELDS = ("title",)

    title = StringField(_l("Title"), validators=[DataRequired()])


class NewLectureForm(FlaskForm):
    """What a lecture begins with."""

    title = StringField(_l("Title"), validators=[DataRequired()])
    kind = RadioField(_l("Kind"), choices=[("text", _l("Text")), ("video", _l("Video"))], default="text")


class AssignmentForm(SharedForm):
    """An assignment (C-3)."""

    FIELDS = ASSIGNMENT_FIELDS

    title = StringField(_l("Title"), validators=[DataRequired()])
    body = TextAreaField(_l("What is to be done"))


class LectureForm(SharedForm):
    """A lecture (C-4)."""

    FIELDS = LECTURE_FIELDS

    title = StringField(_l("Title"), validators=[DataRequired()])
    body = TextAreaField(_l("Text"))
    video_upload_id = HiddenField(_l("Video"))
    free_preview = BooleanField(_l("Everybody may look at this lecture as a preview"))

    def value(self, field: str) -> Any:
        """What was typed, as `LectureTexts` has it."""
        data = self[field].data
        return data or None if field == "video_upload_id" else data
