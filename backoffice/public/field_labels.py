"""Names of a course's fields, as people read them beside a difference (B-2, L-6)."""

from flask_babel import lazy_gettext as _l

from backoffice.integrations.checks.messages import FIELD_NAMES

FIELD_LABELS = FIELD_NAMES | {
    "file": _l("file"),
    "kind": _l("kind"),
    "captions": _l("captions"),
    "free_preview": _l("free preview"),
    "includes_certificate": _l("certificate"),
    "access_days": _l("days of access"),
}
