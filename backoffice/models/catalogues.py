"""Catalogues that admins edit (C-8). An entry in use is retired, never deleted from under its users."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backoffice.db import Base


class Category(Base):
    """A node of the category tree."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name_en: Mapped[str] = mapped_column(Text)
    name_ru: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]


class SkillArea(Base):
    """The upper level of skills, for example Backend."""

    __tablename__ = "skill_area"

    id: Mapped[int] = mapped_column(primary_key=True)
    name_en: Mapped[str] = mapped_column(Text, unique=True)
    name_ru: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime | None]


class Skill(Base):
    """A skill within its area, for example PHP."""

    __tablename__ = "skill"
    __table_args__ = (UniqueConstraint("area_id", "name_en"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("skill_area.id"))
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name_en: Mapped[str] = mapped_column(Text)
    name_ru: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime | None]


class Language(Base):
    """A language that a course can be held in; `code` is ISO 639-1."""

    __tablename__ = "language"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_en: Mapped[str] = mapped_column(Text)
    name_ru: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime | None]


class RejectionReason(Base):
    """A reason that a moderator picks; the author reads it in their own language (B-2, L-3)."""

    __tablename__ = "rejection_reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    text_en: Mapped[str] = mapped_column(Text)
    text_ru: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]
