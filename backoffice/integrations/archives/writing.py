"""The text of an archive as it is written: every key in the same order, so that two exports can be compared."""

import json
from dataclasses import asdict
from typing import Any

from backoffice.integrations.archives.model import FORMAT, VERSION, ArchivedCourse


def course_json(course: ArchivedCourse) -> bytes:
    """The `course.json` of a course, in UTF-8."""
    about: dict[str, Any] = asdict(course)
    modules, media = about.pop("modules"), about.pop("media")
    if course.price is not None:
        about["price"] = {"amount": str(course.price.decimal()), "currency": course.price.currency}
    text = {"format": FORMAT, "version": VERSION, "course": about, "modules": modules, "media": media}
    return json.dumps(text, ensure_ascii=False, indent=1).encode()
