"""Every setting of the house, typed and strict; each number of the domain with its rule id. See the README's table."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from flask import current_app

from backoffice.errors import SettingsError
from backoffice.money import BASIS_POINTS, CURRENCY_DIGITS

PAYMENT_PROVIDERS = ("fake", "stripe")
ENVIRONMENTS = ("development", "production", "test")
STORAGES = ("local", "s3")
_PREFIX = re.compile(r"[a-z0-9_-][a-z0-9_.-]*(/[a-z0-9_-][a-z0-9_.-]*)*")
_LOCATION = re.compile(r"/([A-Za-z0-9_.-]+/)+")


def _setting(default: Any, doc: str, *, at_least: int | None = None) -> Any:
    return field(default=default, metadata={"doc": doc, "at_least": at_least})


def _required(doc: str) -> Any:
    return field(metadata={"doc": doc, "at_least": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from the environment by the upper-case name of each field; a senseless value stops the start."""

    database_url: str = _required("PostgreSQL, `postgresql+psycopg://user:password@host/name`")
    redis_url: str = _required("Redis or Valkey for the broker, `redis://host:6379/0`")
    secret_key: str = _required("Signs sessions, letters and media links; at least 32 characters")
    environment: str = _setting("production", "`development` (moves the clock, shows letters), `test` or `production`")
    base_url: str = _setting("http://127.0.0.1:8000", "Address of the shop as people see it, for links in letters")
    var_dir: Path = _setting(Path("var"), "Folder for uploads, logs and, in development, the servers' data")
    trusted_proxies: int = _setting(0, "How many reverse proxies in front may set X-Forwarded-*", at_least=0)
    session_hours: int = _setting(24 * 14, "How long a login lasts without use", at_least=1)
    login_attempts: str = _setting("10 per 5 minutes", "Limit of login attempts per address and per account")
    confirmation_hours: int = _setting(168, "How long the link that confirms an e-mail works", at_least=1)
    reset_hours: int = _setting(2, "How long the link that sets a new password works", at_least=1)

    currency: str = _setting("USD", "The shop's one currency (M-1)")
    commission_bp: int = _setting(2000, "The platform's commission in basis points (M-5)", at_least=0)
    refund_days: int = _setting(7, "Days in which a student can give a course back (M-4)", at_least=0)
    min_withdrawal_minor: int = _setting(1000, "Least amount of a withdrawal, minor units (M-8)", at_least=1)
    min_top_up_minor: int = _setting(100, "Least amount of a top-up, minor units (M-2)", at_least=1)
    max_top_up_minor: int = _setting(1_000_000, "Greatest amount of a top-up, minor units (M-2)", at_least=1)
    correction_limit_minor: int = _setting(
        10_000, "Greatest correction that one admin posts alone, minor units (B-4)", at_least=0
    )

    min_lectures: int = _setting(2, "Lectures that a course needs at least (L-3)", at_least=1)
    min_minutes: int = _setting(0, "Minutes of video that a course needs at least (L-3)", at_least=0)
    claim_minutes: int = _setting(30, "Minutes until a moderator's claim lapses (B-1)", at_least=1)

    max_upload_mb: int = _setting(5120, "Greatest size of one upload, MiB", at_least=1)
    max_image_mb: int = _setting(20, "Greatest size of a picture, MiB", at_least=1)
    author_quota_mb: int = _setting(
        102_400, "Room for the files of one person, as they came in and as they are played, MiB (X-5)", at_least=1
    )
    max_archive_mb: int = _setting(
        20_480, "Greatest size of the archive of a course, and of all that is in it, MiB", at_least=1
    )
    max_file_mb: int = _setting(200, "Greatest size of a file for download, MiB (C-4)", at_least=1)
    file_types: str = _setting(
        "pdf,epub,txt,md,csv,json,ipynb,py,js,sql,rtf,doc,docx,xls,xlsx,ppt,pptx,odt,ods,odp,zip,7z,"
        "png,jpg,jpeg,gif,webp,svg,mp3,m4a,ogg,wav",
        "Endings that files for download may have; they are never shown in the browser, only saved (C-4)",
    )
    max_open_uploads: int = _setting(30, "Files that one person may have on their way at the same time", at_least=1)
    upload_hours: int = _setting(48, "Hours until an unfinished upload expires", at_least=1)
    video_rungs: str = _setting("1080,720,480,360", "Heights of the adaptive ladder, never above the source")
    export_days: int = _setting(7, "Days for which a file that was asked for can be fetched (M-9)", at_least=1)
    video_chunk_above_minutes: int = _setting(
        10, "Videos longer than this, minutes, are prepared in chunks by all media workers (T-5)", at_least=0
    )
    video_chunk_seconds: int = _setting(120, "Length of a chunk, seconds; a multiple of 6", at_least=6)
    media_link_minutes: int = _setting(240, "Life of a signed playback link (X-5)", at_least=1)
    storage: str = _setting("local", "Where finished media are kept: `local` (`VAR_DIR/media`) or `s3` (X-5)")
    s3_bucket: str = _setting("", "Bucket for `STORAGE=s3`; keys to it are not settings, see below")
    s3_endpoint_url: str = _setting("", "Address of a server that speaks S3; empty: Amazon")
    s3_public_url: str = _setting("", "Its address as browsers reach it; empty: the same")
    s3_region: str = _setting("", "Region of the bucket; empty: as boto3 finds it")
    s3_prefix: str = _setting("", "Start of all keys, to share a bucket: `[a-z0-9_.-]` and `/` between")
    x_accel_prefix: str = _setting(
        "", "Internal location of nginx that serves `VAR_DIR/media`, such as `/media-files/`; empty: served from here"
    )
    stuck_upload_minutes: int = _setting(30, "When an upload without a sign of life counts as stuck (B-1)", at_least=1)
    ffmpeg_binary: str = _setting("", "Path of ffmpeg; empty: the one of the wheel, else of PATH")

    payment_provider: str = _setting("fake", "Who charges cards: `fake` (moves no money) or `stripe` (M-2)")
    stripe_secret_key: str = _setting("", "Secret key of the Stripe account, `sk_…`; needed for `stripe`")
    stripe_webhook_secret: str = _setting(
        "", "Signs what Stripe tells to `/callbacks/stripe`, `whsec_…`; needed for `stripe`"
    )
    stripe_url: str = _setting("", "Address of Stripe's API; empty: Stripe itself")
    fake_provider_url: str = _setting(
        "", "Address of the fake payment provider that `make up` runs; empty: it answers inside the process (M-2)"
    )
    smtp_url: str = _setting(
        "", "`smtp://user:password@host:587`; empty: letters go to `VAR_DIR/log/letters.log` and a staff page (X-6)"
    )
    mail_from: str = _setting("Lectern <no-reply@lectern.example>", "Sender of letters")

    task_attempts: int = _setting(8, "Attempts of a task before it is parked (T-3)", at_least=1)
    task_lease_seconds: int = _setting(60, "After how long an unanswered delivery is sent again (T-1)", at_least=1)
    statement_timeout_ms: int = _setting(30_000, "Longest SQL statement of a page or task", at_least=100)

    def __post_init__(self) -> None:
        if len(self.secret_key) < 32:
            raise SettingsError("SECRET_KEY must have at least 32 characters")
        if self.environment not in ENVIRONMENTS:
            raise SettingsError(f"ENVIRONMENT must be one of {', '.join(ENVIRONMENTS)}, not {self.environment!r}")
        if self.currency not in CURRENCY_DIGITS:
            raise SettingsError(f"CURRENCY must be one of {', '.join(CURRENCY_DIGITS)}, not {self.currency!r}")
        if self.commission_bp > BASIS_POINTS:
            raise SettingsError(f"COMMISSION_BP must be at most {BASIS_POINTS}")
        if self.max_top_up_minor < self.min_top_up_minor:
            raise SettingsError("MAX_TOP_UP_MINOR must not be below MIN_TOP_UP_MINOR")
        if self.payment_provider not in PAYMENT_PROVIDERS:
            wanted = ", ".join(PAYMENT_PROVIDERS)
            raise SettingsError(f"PAYMENT_PROVIDER must be one of {wanted}, not {self.payment_provider!r}")
        if self.payment_provider == "stripe" and not (self.stripe_secret_key and self.stripe_webhook_secret):
            raise SettingsError("PAYMENT_PROVIDER=stripe needs STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET")
        if not self.database_url.startswith("postgresql+psycopg://"):
            raise SettingsError("DATABASE_URL must start with postgresql+psycopg://")
        self._check_storage()
        if self.video_chunk_seconds % 6:
            raise SettingsError(f"VIDEO_CHUNK_SECONDS must be a multiple of 6, not {self.video_chunk_seconds}")
        if not all(rung.strip().isdigit() for rung in self.video_rungs.split(",")):
            raise SettingsError(f"VIDEO_RUNGS must be heights divided by commas, not {self.video_rungs!r}")

    def _check_storage(self) -> None:
        if self.storage not in STORAGES:
            raise SettingsError(f"STORAGE must be one of {', '.join(STORAGES)}, not {self.storage!r}")
        if self.storage == "s3" and not self.s3_bucket:
            raise SettingsError("STORAGE=s3 needs S3_BUCKET")
        if self.storage == "s3" and self.x_accel_prefix:
            raise SettingsError("X_ACCEL_PREFIX is for STORAGE=local: nginx has no file of an object in S3")
        for name in ("s3_endpoint_url", "s3_public_url"):
            if (value := getattr(self, name)) and not value.startswith(("http://", "https://")):
                raise SettingsError(f"{name.upper()} must start with http:// or https://, not {value!r}")
        if self.s3_prefix and not _PREFIX.fullmatch(self.s3_prefix):
            raise SettingsError(f"S3_PREFIX must be like `media` or `shop/media`, not {self.s3_prefix!r}")
        if self.x_accel_prefix and not _LOCATION.fullmatch(self.x_accel_prefix):
            raise SettingsError(f"X_ACCEL_PREFIX must begin and end with a slash, not {self.x_accel_prefix!r}")

    @property
    def development(self) -> bool:
        """Whether the clock may be moved and letters may be read by staff."""
        return self.environment != "production"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Settings from environment variables. Raises SettingsError with one line that names the variable."""
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for spec in fields(cls):
            name = spec.name.upper()
            raw = environ.get(name, "")
            if raw == "":
                if spec.default is MISSING:
                    raise SettingsError(f"{name} is not set: {spec.metadata['doc']}")
                continue
            values[spec.name] = _parse(name, raw, hints[spec.name], spec.metadata["at_least"])
        url = values["database_url"]
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                values["database_url"] = "postgresql+psycopg://" + url.removeprefix(prefix)
        return cls(**values)


def _parse(name: str, raw: str, kind: type, at_least: int | None) -> Any:
    if kind is bool:
        if raw.lower() not in ("true", "false", "1", "0"):
            raise SettingsError(f"{name} must be true or false, not {raw!r}")
        return raw.lower() in ("true", "1")
    if kind is int:
        try:
            number = int(raw)
        except ValueError as error:
            raise SettingsError(f"{name} must be a whole number, not {raw!r}") from error
        if at_least is not None and number < at_least:
            raise SettingsError(f"{name} must be at least {at_least}, not {number}")
        return number
    return kind(raw)


def settings() -> Settings:
    """The settings of the running application."""
    current: Settings = current_app.extensions["lectern.settings"]
    return current
