"""What a finding says to the author: a sentence and how to mend it, in the reader's language."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from backoffice.integrations.checks.model import Finding


@dataclass(frozen=True, slots=True)
class Message:
    """`sentence` may hold placeholders: `measured`, `threshold`, `excerpt` and the finding's `params`."""

    sentence: LazyString
    hint: LazyString


FIELD_NAMES: dict[str, LazyString] = {
    "title": _l("title"),
    "short_description": _l("short description"),
    "description": _l("description"),
    "requirements": _l("requirements"),
    "category": _l("category"),
    "language": _l("language"),
    "level": _l("level"),
    "skills": _l("skills"),
    "cover": _l("cover"),
    "body": _l("lecture text"),
    "video": _l("video"),
    "text": _l("question"),
    "options": _l("answer options"),
    "explanation": _l("explanation"),
}

_REUPLOAD = _l("Check the file in a player, export it again and upload it once more.")
_KEEP_INSIDE = _l("Remove it: students reach you through comments and questions under the lectures.")
_PAY_INSIDE = _l("Remove it: courses are paid for here only, that is what protects you and the student.")
_LINK_HINT = _l("Remove the link from the course's page; sources may stand in the lectures.")

MESSAGES: dict[str, Message] = {
    "text_missing": Message(_l("There is no %(field)s."), _l("Write it: it stands on the course's page.")),
    "category_missing": Message(_l("No category is chosen."), _l("Choose the category in which buyers would look.")),
    "language_missing": Message(_l("No language is chosen."), _l("Choose the language in which the course is taught.")),
    "cover_missing": Message(_l("There is no cover image."), _l("Upload a cover and wait until it is processed.")),
    "level_missing": Message(_l("No level is chosen."), _l("Tell for whom the course is.")),
    "skills_missing": Message(_l("No skills are listed."), _l("Choose skills: buyers filter courses by them.")),
    "requirements_missing": Message(
        _l("The requirements are empty."),
        _l("Tell what a student must know or have beforehand, even if it is nothing."),
    ),
    "node_untitled": Message(
        _l("A module or lecture has no title."), _l("Give it a title that tells what it is about.")
    ),
    "text_too_short": Message(
        _l("The %(field)s is too short: %(measured)s characters, at least %(threshold)s are needed."),
        _l("Tell a little more."),
    ),
    "text_too_long": Message(
        _l("The %(field)s is too long: %(measured)s characters, at most %(threshold)s are allowed."),
        _l("Shorten it and move details to the description."),
    ),
    "too_few_words": Message(
        _l("The %(field)s is too short. Words: %(measured)s, at least %(threshold)s are needed."),
        _l("Tell what is taught, for whom it is and what students can do afterwards."),
    ),
    "too_few_lectures": Message(
        _l("The course is too small. Lectures: %(measured)s, at least %(threshold)s are needed."), _l("Add lectures.")
    ),
    "too_few_minutes": Message(
        _l("The course is too short. Minutes: %(measured)s, at least %(threshold)s are needed."), _l("Add content.")
    ),
    "module_empty": Message(_l("The module “%(title)s” has no lectures."), _l("Add a lecture or delete the module.")),
    "resource_failed": Message(
        _l("The file “%(title)s” could not be taken."),
        _l("Delete it, and upload it anew if it matters."),
    ),
    "lecture_empty": Message(
        _l("The lecture “%(title)s” has no content."), _l("Write its text or upload its video, or delete the lecture.")
    ),
    "question_without_text": Message(_l("A question has no text."), _l("Write the question or delete it.")),
    "question_few_options": Message(
        _l("The question “%(excerpt)s” has too few answer options: %(measured)s of at least %(threshold)s."),
        _l("Add options."),
    ),
    "question_blank_option": Message(
        _l("The question “%(excerpt)s” has an empty answer option."), _l("Fill the option in or delete it.")
    ),
    "question_without_right_option": Message(
        _l("The question “%(excerpt)s” has no right answer."), _l("Mark at least one option as right.")
    ),
    "question_same_options": Message(
        _l("Two answer options of the question “%(excerpt)s” are the same."), _l("Change or delete one of them.")
    ),
    "video_failed": Message(
        _l("The video of the lecture “%(title)s” could not be processed (%(error_code)s)."), _REUPLOAD
    ),
    "video_in_work": Message(
        _l("The video of the lecture “%(title)s” is still being processed."),
        _l("Nothing to do: it is checked when it is ready."),
    ),
    "video_not_ready": Message(
        _l("The video of the lecture “%(title)s” could not be checked completely."),
        _l("Nothing to do: a moderator looks at it."),
    ),
    "video_sound_only": Message(
        _l("The lecture “%(title)s” has sound only, no picture."), _l("Nothing to do if it is meant so.")
    ),
    "video_no_picture": Message(_l("The video of the lecture “%(title)s” has no picture."), _REUPLOAD),
    "video_black": Message(
        _l("The video of the lecture “%(title)s” is black: %(measured)s %% of it, at most %(threshold)s %% pass."),
        _REUPLOAD,
    ),
    "video_partly_black": Message(
        _l("The video of the lecture “%(title)s” is partly black: %(measured)s %% of it."),
        _l("If that is not on purpose, cut the black parts out."),
    ),
    "video_small": Message(
        _l("The picture of the lecture “%(title)s” is small: %(measured)s lines, %(threshold)s and more are readable."),
        _l("Upload the video in a higher resolution if you have it."),
    ),
    "video_no_sound": Message(
        _l("The video of the lecture “%(title)s” has no sound."), _l("Upload it with a sound track that can be heard.")
    ),
    "video_silent": Message(
        _l("The video of the lecture “%(title)s” is silent: %(measured)s dB on average, limit %(threshold)s dB."),
        _l("Check the microphone's track and upload the video again."),
    ),
    "video_quiet": Message(
        _l("The video of the lecture “%(title)s” is quiet: %(measured)s dB on average, better above %(threshold)s dB."),
        _l("Raise the volume when you next export it."),
    ),
    "contact_link": Message(_l("There is a link to another site: “%(match)s”."), _LINK_HINT),
    "contact_shortener": Message(
        _l("There is a shortened link: “%(match)s”."), _l("Remove it: nobody can see where it leads.")
    ),
    "contact_social": Message(
        _l("There is a link to a social network: “%(match)s”."),
        _l("Remove it here and put it into your author profile."),
    ),
    "contact_messenger": Message(_l("There is a contact in a messenger: “%(match)s”."), _KEEP_INSIDE),
    "contact_handle": Message(_l("There is a nickname: “%(match)s”."), _KEEP_INSIDE),
    "contact_email": Message(_l("There is an e-mail address: “%(match)s”."), _KEEP_INSIDE),
    "contact_phone": Message(_l("There is a phone number: “%(match)s”."), _KEEP_INSIDE),
    "payment_link": Message(_l("There is a link to a payment service: “%(match)s”."), _PAY_INSIDE),
    "payment_card": Message(_l("There is a bank card number: “%(match)s”."), _PAY_INSIDE),
    "payment_iban": Message(_l("There is a bank account number: “%(match)s”."), _PAY_INSIDE),
    "payment_wallet": Message(_l("There is the address of a crypto wallet: “%(match)s”."), _PAY_INSIDE),
    "payment_phrase": Message(_l("Payment past the shop is offered: “%(match)s”."), _PAY_INSIDE),
    "language_obscene": Message(_l("There is obscene language: “%(match)s”."), _l("Put it in other words.")),
    "language_coarse": Message(_l("There is coarse language: “%(match)s”."), _l("Put it in other words.")),
    "check_crashed": Message(
        _l("One of the automatic checks (%(check)s) could not finish."), _l("Nothing to do: a moderator looks at it.")
    ),
}
# Findings are kept for years; a check of theirs may be gone.
_RETIRED = Message(_l("An automatic check found something here: “%(excerpt)s”."), _l("Look at this place once more."))


def sentence(finding: Finding) -> str:
    """What is wrong, in the language of the request."""
    return str(_message(finding).sentence) % _values(finding)


def hint(finding: Finding) -> str:
    """What the author can do about it, in the language of the request."""
    return str(_message(finding).hint)


def explain(finding: Finding) -> str:
    """Sentence and hint together."""
    return f"{sentence(finding)} {hint(finding)}"


def field_name(finding: Finding) -> str:
    """The name of the field where it was found; empty for the whole course or node."""
    field = finding.place.field or ""
    return str(FIELD_NAMES["options" if field.startswith("option_") else field]) if field else ""


def _message(finding: Finding) -> Message:
    return MESSAGES.get(finding.code, _RETIRED)


def _values(finding: Finding) -> dict[str, object]:
    numbers = {"measured": finding.measured, "threshold": finding.threshold, "excerpt": finding.excerpt}
    values = {**numbers, **finding.params}
    if "field" in finding.params:
        values["field"] = str(FIELD_NAMES[finding.params["field"]])
    return values
