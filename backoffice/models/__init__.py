"""All tables, so that metadata is whole wherever a model is used."""

from backoffice.models import (
    catalogues,
    content,
    courses,
    learning,
    ledger,
    letters,
    media,
    outbox,
    payments,
    people,
    purchases,
    review,
    timeline,
)

__all__ = [
    "catalogues",
    "content",
    "courses",
    "learning",
    "ledger",
    "letters",
    "media",
    "outbox",
    "payments",
    "people",
    "purchases",
    "review",
    "timeline",
]
