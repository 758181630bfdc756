"""Blocks, staff roles, catalogues and retries: L-8, B-3, B-6, B-8, C-8."""

import pytest
from flask import Flask
from sqlalchemy import select

from backoffice.access import Role
from backoffice.db import db
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.catalogues import Category
from backoffice.models.courses import Course, CourseState
from backoffice.models.outbox import OutboxEvent
from backoffice.models.people import User, UserRole
from backoffice.models.timeline import Transition
from backoffice.operations import blocks, catalogues, parked, purchases, users
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast


def test_l8_a_block_is_a_flag_beside_the_state_and_lifting_it_restores(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=1_000)
    fund(cast.student, 2_000)

    blocks.block(actor=cast.moderator, course_id=course.id, reason=" Copied ")
    blocks.block(actor=cast.admin, course_id=course.id, reason="Once more")

    assert (course.state, course.block_reason, course.blocked_by) == (
        CourseState.ON_SALE,
        "Copied",
        cast.moderator.user_id,
    )
    with pytest.raises(Conflict, match=r"purchase\.not_on_sale"):
        purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=1_000)

    blocks.unblock(actor=cast.moderator, course_id=course.id)
    blocks.unblock(actor=cast.moderator, course_id=course.id)
    course = db.session.get_one(Course, course.id)
    assert (course.state, course.blocked_at, course.block_reason) == (CourseState.ON_SALE, None, None)
    purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=1_000)
    rows = db.session.execute(
        select(Transition.to_state, Transition.reason).where(Transition.subject == "course").order_by(Transition.id)
    ).all()
    assert [tuple(row) for row in rows] == [("blocked", "Copied"), ("unblocked", "")]
    names = db.session.scalars(select(OutboxEvent.name).order_by(OutboxEvent.id)).all()
    assert names == ["course.blocked", "course.unblocked", "purchase.made"]


def test_l8_a_block_needs_a_reason_a_course_and_the_right(cast: Cast) -> None:
    course = live_course(cast.owner)
    with pytest.raises(Refused, match=r"block\.reason_needed"):
        blocks.block(actor=cast.moderator, course_id=course.id, reason="  ")
    with pytest.raises(NotFound):
        blocks.block(actor=cast.moderator, course_id=999_999, reason="x")
    for actor in (cast.owner, cast.student, cast.visitor):
        with pytest.raises(NotAllowed):
            blocks.block(actor=actor, course_id=course.id, reason="x")
        with pytest.raises(NotAllowed):
            blocks.unblock(actor=actor, course_id=course.id)
    assert course.blocked_at is None


def test_b3_admins_give_and_take_staff_roles(cast: Cast) -> None:
    student = cast.student.person_id
    users.grant_role(actor=cast.admin, user_id=student, role=Role.MODERATOR)
    users.grant_role(actor=cast.admin, user_id=student, role=Role.MODERATOR)
    held = select(UserRole.role).where(UserRole.user_id == student)
    assert set(db.session.scalars(held)) == {Role.STUDENT, Role.MODERATOR}
    epoch = db.session.get_one(User, student).session_epoch
    users.revoke_role(actor=cast.admin, user_id=student, role=Role.MODERATOR)
    assert set(db.session.scalars(held)) == {Role.STUDENT}
    assert db.session.get_one(User, student).session_epoch == epoch + 1
    with pytest.raises(Refused, match=r"user\.role"):
        users.grant_role(actor=cast.admin, user_id=student, role=Role.SYSTEM)


def test_b3_a_disabled_account_loses_its_sessions(cast: Cast) -> None:
    user = db.session.get_one(User, cast.student.user_id)
    users.disable(actor=cast.admin, user_id=user.id)
    users.disable(actor=cast.admin, user_id=user.id)
    assert user.disabled_at is not None
    assert user.session_epoch == 1
    users.enable(actor=cast.admin, user_id=user.id)
    assert user.disabled_at is None


def test_b8_nobody_changes_their_own_rights_and_moderators_nobodys(cast: Cast) -> None:
    with pytest.raises(Refused, match=r"user\.self"):
        users.revoke_role(actor=cast.admin, user_id=cast.admin.person_id, role=Role.ADMIN)
    with pytest.raises(Refused, match=r"user\.self"):
        users.disable(actor=cast.admin, user_id=cast.admin.person_id)
    for actor in (cast.moderator, cast.owner, cast.visitor):
        with pytest.raises(NotAllowed):
            users.grant_role(actor=actor, user_id=cast.student.person_id, role=Role.ADMIN)
        with pytest.raises(NotAllowed):
            catalogues.add(actor=actor, catalogue="category", text_en="X", text_ru="Х")
        with pytest.raises(NotAllowed):
            parked.retry(actor=actor, delivery_id=1)


def test_c8_entries_are_added_renamed_and_retired(app: Flask, cast: Cast) -> None:
    admin = cast.admin
    top = catalogues.add(actor=admin, catalogue="category", text_en="Data Science", text_ru="Данные")
    below = catalogues.add(actor=admin, catalogue="category", text_en="SQL", text_ru="SQL", parent_id=top.id)
    assert (top.slug, below.parent_id) == ("data-science", top.id)
    with pytest.raises(Conflict, match=r"catalogue\.taken"):
        catalogues.add(actor=admin, catalogue="category", text_en="data science", text_ru="Данные")
    catalogues.rename(actor=admin, catalogue="category", entry_id=top.id, text_en="Data", text_ru="Данные")
    catalogues.retire(actor=admin, catalogue="category", entry_id=top.id)
    kept = db.session.get_one(Category, top.id)
    assert (kept.name_en, kept.slug) == ("Data", "data-science")
    assert kept.retired_at is not None
    catalogues.restore(actor=admin, catalogue="category", entry_id=top.id)
    assert kept.retired_at is None


def test_c8_each_catalogue_takes_an_entry_with_both_texts(app: Flask, cast: Cast) -> None:
    area = catalogues.add(actor=cast.admin, catalogue="skill_area", text_en="Backend", text_ru="Бэкенд")
    catalogues.add(actor=cast.admin, catalogue="skill", text_en="PHP", text_ru="PHP", parent_id=area.id)
    catalogues.add(actor=cast.admin, catalogue="language", text_en="German", text_ru="Немецкий", key="de")
    catalogues.retire(actor=cast.admin, catalogue="language", entry_id="de")
    catalogues.add(actor=cast.admin, catalogue="rejection_reason", text_en="Too thin", text_ru="Мало")
    with pytest.raises(Refused, match=r"catalogue\.parent"):
        catalogues.add(actor=cast.admin, catalogue="skill", text_en="Go", text_ru="Go")
    with pytest.raises(Refused, match=r"catalogue\.text_needed"):
        catalogues.add(actor=cast.admin, catalogue="language", text_en="French", text_ru=" ", key="fr")
    with pytest.raises(NotFound):
        catalogues.rename(actor=cast.admin, catalogue="language", entry_id="xx", text_en="X", text_ru="X")
    with pytest.raises(NotFound):
        catalogues.add(actor=cast.admin, catalogue="user_account", text_en="X", text_ru="X")
