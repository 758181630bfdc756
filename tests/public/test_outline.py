"""The order of a course and copies of its parts, as the studio's pages offer them (L-1)."""

import json
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.db import db
from backoffice.models.content import Lecture, Module
from tests.factories.courses import draft_course
from tests.factories.people import Cast, log_in
from tests.operations.test_outline import order_of, version_of


def test_l1_the_order_is_saved_and_a_stale_one_told(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner, modules=2, lectures=2)
    revision_id = course.draft_revision_id
    address = f"/studio/courses/{course.id}/outline"
    log_in(client, cast.owner)
    assert "Lecture 2.2" in client.get(address).text
    wanted = list(reversed(order_of(revision_id)))
    form = {"version": str(version_of(revision_id)), "order": json.dumps(wanted)}
    assert client.post(address, data=form).status_code == 302
    assert order_of(revision_id) == wanted
    again = client.post(address, data=form | {"order": json.dumps(wanted[::-1])})
    assert again.status_code == 409
    assert "changed in another window" in again.text
    assert order_of(revision_id) == wanted


@pytest.mark.parametrize(
    "order", ["", "{", "5", "[5]", "[[1]]", '[["x", []]]', "[[1, [99999999999999999999]]]", "[]", "[" * 200_000]
)
def test_l1_an_order_that_is_none_is_refused(client: FlaskClient, cast: Cast, order: str) -> None:
    course = draft_course(cast.owner)
    log_in(client, cast.owner)
    before = order_of(course.draft_revision_id)
    version = version_of(course.draft_revision_id)
    answer = client.post(f"/studio/courses/{course.id}/outline", data={"version": str(version), "order": order})
    assert answer.status_code == 409
    assert "Load the page again" in answer.text
    assert order_of(course.draft_revision_id) == before


def test_l1_parts_are_copied_by_a_button(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner, modules=1, lectures=1)
    ((module, (lecture,)),) = order_of(course.draft_revision_id)
    base = f"/studio/courses/{course.id}"
    log_in(client, cast.owner)
    assert f'{base}/lectures/{lecture}/duplicate"' in client.get(f"{base}/modules/{module}").text
    made = client.post(f"{base}/lectures/{lecture}/duplicate")
    titles = db.session.scalars(select(Lecture.title).order_by(Lecture.id)).all()
    assert titles == ["Lecture 1.1", "Lecture 1.1 (copy)"]
    assert "Copied" in client.get(made.headers["Location"]).text
    assert client.post(f"{base}/modules/{module}/duplicate").status_code == 302
    assert db.session.scalars(select(Module.title).order_by(Module.id)).all() == ["Module 1", "Module 1 (copy)"]
    log_in(client, cast.other_author)
    assert client.post(f"{base}/modules/{module}/duplicate").status_code == 404


def test_l1_a_deletion_is_undone_by_a_button(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner, modules=1, lectures=2)
    before = order_of(course.draft_revision_id)
    ((module, (lecture, _other)),) = before
    base = f"/studio/courses/{course.id}"
    log_in(client, cast.owner)
    assert "Nothing was deleted lately" in client.get(f"{base}/deleted").text
    form = {"parent": str(module), "parent_kind": "module"}
    gone = client.post(f"{base}/lectures/{lecture}/delete", data=form)
    shown = client.get(gone.headers["Location"]).text
    assert "Undo" in shown
    assert "Lecture 1.1" in client.get(f"{base}/deleted").text
    undo = re.search(rf"{base}/deleted/\d+/bring-back", shown)
    assert undo
    answer = client.post(undo[0])
    assert answer.headers["Location"].endswith(f"/lectures/{lecture}")
    assert order_of(course.draft_revision_id) == before
    assert "Nothing was deleted lately" in client.get(f"{base}/deleted").text
    log_in(client, cast.other_author)
    assert client.get(f"{base}/deleted").status_code == 404
    assert client.post(undo[0]).status_code == 404
