"""What a student has done in a course: answers, lectures and the review they wrote (P-2, P-4, P-5, P-7)."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base


class AnswerAttempt(Base):
    """One attempt at one question. Each is kept; the best counts (P-4)."""

    __tablename__ = "answer_attempt"
    __table_args__ = (
        Index("ix_answer_attempt_student_course", "student_id", "course_id", "question_node_id"),
        Index("ix_answer_attempt_question", "question_node_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    question_node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    chosen: Mapped[list[Any]]
    right: Mapped[bool]
    answered_at: Mapped[datetime] = mapped_column(default=clock.now)


class LectureProgress(Base):
    """Where a student is in one lecture (P-5)."""

    __tablename__ = "lecture_progress"
    __table_args__ = (
        CheckConstraint("position_s >= 0", name="position_not_negative"),
        Index("ix_lecture_progress_student_course", "student_id", "course_id"),
    )

    student_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    lecture_node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    position_s: Mapped[int] = mapped_column(default=0)
    # Watched intervals in seconds, merged and sorted: [[0, 30], [45, 60]].
    watched: Mapped[list[Any]] = mapped_column(default=list)
    completed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class Review(Base):
    """A student's stars and words on a course, one per student and course (P-7)."""

    __tablename__ = "review"
    __table_args__ = (CheckConstraint("stars between 1 and 5", name="one_to_five_stars"),)

    student_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True, index=True)
    stars: Mapped[int]
    text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
