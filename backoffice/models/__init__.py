"""All tables, so that metadata is whole wherever a model is used."""

from backoffice.models import (
    catalogues,
    content,
    corrections,
    coupons,
    courses,
    exports,
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
    "corrections",
    "coupons",
    "courses",
    "exports",
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
