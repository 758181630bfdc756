"""One form saved from several tabs at the same moment (L-1, rule 4)."""

from flask import Flask
from sqlalchemy import select

from backoffice.db import db
from backoffice.models.content import Lecture
from backoffice.operations import editing
from backoffice.operations.merging import Saved, fingerprints
from tests.concurrency.test_money import together
from tests.factories.courses import live_course
from tests.factories.people import make_cast

TABS = 8


def test_rule4_of_tabs_that_save_at_once_one_wins_and_the_others_are_told(committed_app: Flask) -> None:
    """Course live: the first save opens the draft, and every other one must find that and its change."""
    owner = make_cast().owner
    course_id = live_course(owner).id
    lecture = db.session.scalars(select(Lecture).order_by(Lecture.id)).first()
    assert lecture is not None
    node_id, live_id = lecture.node_id, lecture.revision_id
    shown = fingerprints({"title": lecture.title, "body": lecture.body, "free_preview": False})
    db.session.rollback()

    def save(number: int) -> Saved:
        typed = {"title": f"Tab {number}", "body": "The same in all"} | ({"free_preview": True} if number == 3 else {})
        return editing.save_lecture(actor=owner, course_id=course_id, node_id=node_id, typed=typed, shown=shown)

    outcomes = together(committed_app, [lambda number=number: save(number) for number in range(TABS)])
    saved = [outcome for outcome in outcomes if isinstance(outcome, Saved)]
    assert len(saved) == TABS, outcomes
    winners = [number for number, outcome in enumerate(saved) if not outcome.clashes]
    assert len(winners) == 1
    rows = db.session.scalars(select(Lecture).where(Lecture.node_id == node_id, Lecture.revision_id != live_id)).all()
    assert [(row.title, row.body, row.free_preview) for row in rows] == [(f"Tab {winners[0]}", "The same in all", True)]
