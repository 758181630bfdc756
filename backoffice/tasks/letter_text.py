"""The text of a letter: its template in the reader's language and time zone, with links that work from outside."""

import re
from datetime import datetime
from typing import Any

from babel.dates import format_date, format_time, get_time_format, get_timezone
from flask import current_app, render_template
from flask_babel import force_locale

from backoffice.config import settings
from backoffice.integrations.checks import messages
from backoffice.integrations.checks.model import Finding, Severity
from backoffice.queries.letters import Reader, SubmissionFacts

DEFAULT_LOCALE = "en"


def render(template: str, reader: Reader, **facts: Any) -> tuple[str, str]:
    """Subject and body of a letter; the template's first line is the subject."""
    locale = reader.locale or DEFAULT_LOCALE

    def when(moment: datetime) -> str:
        zone = get_timezone(reader.time_zone)
        minutes = f"{get_time_format('short', locale).pattern} ZZZZ"
        return ", ".join(
            (
                format_date(moment.astimezone(zone), "long", locale=locale),
                format_time(moment, minutes, tzinfo=zone, locale=locale),
            )
        )

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    # A context of its own: whoever a surrounding request belongs to, the letter is its reader's.
    with app.app_context(), app.test_request_context(base_url=settings().base_url), force_locale(locale):
        text = render_template(f"letters/{template}.txt", reader=reader, when=when, **facts)
    subject, _, body = text.strip().partition("\n")
    return " ".join(subject.split()), re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def what_is_wrong(reader: Reader, facts: SubmissionFacts) -> list[str]:
    """Why a submission came back, item by item with its place, in the author's language (L-3)."""
    with force_locale(reader.locale or DEFAULT_LOCALE):
        findings = [Finding.from_json(data) for data in facts.findings]
        items = [_item(finding, facts.titles) for finding in findings if finding.severity is Severity.BLOCK]
    return [*items, *facts.reasons, *([facts.note] if facts.note else [])]


def _item(finding: Finding, titles: dict[int, str]) -> str:
    place = [titles.get(finding.place.node_id or 0, ""), messages.field_name(finding)]
    where = ", ".join(part for part in place if part)
    return f"{where}: {messages.explain(finding)}" if where else messages.explain(finding)
