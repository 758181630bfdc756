"""The editor's forms as tabs and scripts send them: L-1, rule 4."""

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.db import db
from backoffice.models.content import Lecture, Question, Revision
from backoffice.models.media import UploadKind
from tests.factories.courses import draft_course, upload
from tests.factories.people import Cast, log_in
from tests.public.forms import filled, opened

JSON = {"Accept": "application/json"}


@pytest.fixture
def path(client: FlaskClient, cast: Cast) -> str:
    """The page of a lecture, its author signed in."""
    course = draft_course(cast.owner)
    log_in(client, cast.owner)
    return f"/studio/courses/{course.id}/lectures/{lecture().node_id}"


def lecture() -> Lecture:
    query = select(Lecture).order_by(Lecture.id).limit(1)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def test_rule4_the_button_of_a_stale_tab_saves_what_only_it_has_changed(client: FlaskClient, path: str) -> None:
    one, two = opened(client, path), opened(client, path)
    assert client.post(path, data={**one, "title": "First tab"}).status_code == 302
    assert client.post(path, data={**two, "body": "Second tab"}).status_code == 302
    assert (lecture().title, lecture().body) == ("First tab", "Second tab")


def test_rule4_without_a_script_both_versions_are_shown_and_one_is_chosen(client: FlaskClient, path: str) -> None:
    one, two = opened(client, path), opened(client, path)
    client.post(path, data={**one, "title": "First tab"})
    answer = client.post(path, data={**two, "title": "Second tab", "body": "Kept"})
    assert answer.status_code == 422
    assert 'value="Second tab"' in answer.text
    assert "First" in answer.text
    assert "Changed in two places" in answer.text
    assert (lecture().title, lecture().body) == ("First tab", "Kept")
    marks = re.findall(r'name="choose-title" value="(theirs|mine)\.(\w+)"', answer.text)
    assert [side for side, _mark in marks] == ["theirs", "mine"]
    # Without a choice nothing is decided.
    again = filled(answer.text)
    assert client.post(path, data=again).status_code == 422
    assert lecture().title == "First tab"
    assert client.post(path, data={**again, "choose-title": ".".join(marks[1])}).status_code == 302
    assert lecture().title == "Second tab"


def test_rule4_the_others_version_can_be_chosen_and_a_third_one_is_told_again(client: FlaskClient, path: str) -> None:
    one, two, three = (opened(client, path) for _tab in range(3))
    client.post(path, data={**one, "title": "First tab"})
    seen = filled(client.post(path, data={**two, "title": "Second tab"}).text)
    mark = re.findall(r"mine\.(\w+)", client.post(path, data={**three, "title": "Third"}).text)[0]
    newer = opened(client, path)
    client.post(path, data={**newer, "title": "Newer still"})
    assert client.post(path, data={**seen, "choose-title": f"mine.{mark}"}).status_code == 422
    assert lecture().title == "Newer still"
    assert client.post(path, data={**seen, "choose-title": f"theirs.{mark}"}).status_code == 302
    assert lecture().title == "Newer still"


def test_l1_a_script_hears_what_was_saved_merged_refused_and_is_to_be_chosen(client: FlaskClient, path: str) -> None:
    one, two = opened(client, path), opened(client, path)
    client.post(path, data={**one, "title": "First tab", "free_preview": "y"}, headers=JSON)
    answer = client.post(path, data={**two, "title": "Second tab", "body": "Typed"}, headers=JSON)
    told = answer.get_json()
    assert answer.status_code == 200
    assert told["merged"] == {"free_preview": {"free_preview": True}}
    assert told["clashes"]["title"]["controls"] == {"title": "First tab"}
    assert "choose-title" in told["choice"]
    assert told["said"] == "Not everything is saved. Look at: Title"
    assert told["shown"]["title"] == json.loads(str(two["shown"]))["title"]
    assert (lecture().body, lecture().free_preview) == ("Typed", True)

    client.post(path, data={**opened(client, path), "title": "  "}, headers=JSON)
    refused = client.post(path, data={**opened(client, path), "title": "", "body": "More"}, headers=JSON).get_json()
    assert list(refused["refused"]) == ["title"]
    assert (lecture().title, lecture().body) == ("First tab", "More")

    saved = client.post(path, data={**opened(client, path), "body": "Most"}, headers=JSON).get_json()
    assert saved["said"].startswith("Saved at ")
    assert (saved["refused"], saved["clashes"], saved["choice"].strip()) == ({}, {}, "")


def test_c5_rows_of_options_are_saved_again_and_again_under_the_same_keys(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner, lectures=1)
    log_in(client, cast.owner)
    question = select(Question).execution_options(populate_existing=True)
    path = f"/studio/courses/{course.id}/questions/{db.session.scalars(question).one().node_id}"
    form = opened(client, path)
    for text in ("S", "Six"):
        # A row is left empty in between, as people do.
        told = client.post(path, data={**form, "option-3-text": text}, headers=JSON).get_json()
        assert told["merged"] == {}
        form["shown"] = json.dumps(told["shown"])
    options = db.session.scalars(question).one().options
    assert [option["text"] for option in options] == ["Four", "Five", "Six"]
    assert options[2]["key"] == form["option-3-key"]

    other = opened(client, path)
    client.post(path, data={**other, "option-0-text": "Two and two"}, headers=JSON)
    merged = client.post(path, data={**form, "option-3-text": "Six", "text": "New"}, headers=JSON).get_json()["merged"]
    assert merged["options"]["option-0-text"] == "Two and two"
    assert merged["options"]["option-3-text"] == ""
    clash = client.post(path, data={**form, "option-3-text": "Seven"}, headers=JSON).get_json()
    assert "✓ <mark>Two and two</mark>" in clash["choice"]
    assert db.session.scalars(question).one().text == "New"


def test_l1_who_is_signed_out_is_told_so_and_gets_a_token_after_signing_in(
    session_app: Flask, client: FlaskClient, path: str, cast: Cast
) -> None:
    form = opened(client, path)
    with client.session_transaction() as session:
        session.clear()
    assert client.post(path, data={**form, "title": "Late"}, headers=JSON).status_code == 401
    assert client.get("/studio/token", headers={"HX-Request": "true"}).status_code == 401
    log_in(client, cast.owner)
    assert client.get("/studio/token").get_json()["csrf_token"]
    assert client.post(path, data={**form, "title": "Late"}, headers=JSON).status_code == 200
    assert lecture().title == "Late"


def test_l1_a_frozen_course_answers_a_script_with_the_reason(client: FlaskClient, path: str) -> None:
    form = opened(client, path)
    course = path.rsplit("/", 2)[0]
    client.post(f"{course}/submit", data={"version": db.session.scalar(select(Revision.version))})
    answer = client.post(path, data={**form, "title": "Late"}, headers=JSON)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "revision.frozen")
    assert "handed in" in answer.get_json()["title"]


def test_rule4_two_covers_are_told_apart_by_their_names(client: FlaskClient, cast: Cast) -> None:
    path = f"/studio/courses/{draft_course(cast.owner).id}/texts"
    covers = [upload(cast.owner, kind=UploadKind.IMAGE).id for _number in range(2)]
    log_in(client, cast.owner)
    one, two = opened(client, path), opened(client, path)
    client.post(path, data={**one, "cover_upload_id": covers[0]}, headers=JSON)
    told = client.post(path, data={**two, "cover_upload_id": covers[1]}, headers=JSON).get_json()
    assert all(cover[:8] in told["choice"] for cover in covers)
    assert "lecture.mp4" in told["choice"]
    assert db.session.scalar(select(Revision.cover_upload_id)) == covers[0]


@pytest.mark.parametrize("shown", ["", "[]", '{"title": 7}', "{", "[" * 100_000])
def test_rule4_a_form_that_cannot_say_what_was_shown_overwrites_nothing(
    client: FlaskClient, path: str, shown: str
) -> None:
    form = opened(client, path)
    assert client.post(path, data={**form, "shown": shown, "title": "Blind"}).status_code == 422
    assert lecture().title == "Lecture 1.1"
