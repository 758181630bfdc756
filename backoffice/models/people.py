"""Users, their roles, and the author's profile (C-6, C-7)."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.access import Role
from backoffice.db import Base, state_type


class User(Base):
    """A person with an account. `session_epoch` is part of each login cookie: raising it ends all sessions."""

    __tablename__ = "user_account"
    __table_args__ = (
        Index("uq_user_account_email_lower", text("lower(email)"), unique=True),
        CheckConstraint("upload_quota_mb >= 0", name="upload_quota_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text, default="UTC")
    session_epoch: Mapped[int] = mapped_column(default=0)
    email_confirmed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    # Room for this person's files, MiB, where staff have given another one than the house's.
    upload_quota_mb: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class EndedLogin(Base):
    """A login that was ended by its owner; `id` is the one in the cookie. Without it a copied cookie would live on."""

    __tablename__ = "ended_login"
    __table_args__ = (Index("ix_ended_login_ended_at", "ended_at"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    ended_at: Mapped[datetime]


class UserRole(Base):
    """One role of one user. SYSTEM is nobody's role."""

    __tablename__ = "user_role"
    __table_args__ = (CheckConstraint("role <> 'system'", name="role_of_people"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(state_type(Role), primary_key=True)
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    granted_at: Mapped[datetime] = mapped_column(default=clock.now)


class AuthorProfile(Base):
    """What an author shows of themselves (C-6); filling it in makes a student an author."""

    __tablename__ = "author_profile"
    __table_args__ = (CheckConstraint("length(btrim(display_name)) > 0", name="display_name_given"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    headline: Mapped[str] = mapped_column(Text, default="")
    about: Mapped[str] = mapped_column(Text, default="")
    expertise: Mapped[list[Any]] = mapped_column(default=list)
    years_of_teaching: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
