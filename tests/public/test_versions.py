"""The versions of a course in the studio: list, difference, an old one as a new draft (L-6)."""

from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.db import db
from backoffice.models.courses import Course
from backoffice.operations import content, removals
from tests.factories.courses import live_course
from tests.factories.people import Cast, log_in
from tests.factories.statements import selects
from tests.public.test_studio import nodes


def test_l6_versions_are_listed_compared_and_restored(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    node = nodes(course.live_revision_id)
    content.edit_module(actor=cast.owner, course_id=course.id, node_id=node["module"], title="Renamed part")
    removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node["lecture"])
    log_in(client, cast.owner)
    base = f"/studio/courses/{course.id}/versions"
    listed = client.get(base).text
    assert "Version 2" in listed
    assert "made from version 1" in listed
    assert f'{base}/1/restore"' in listed
    assert f'{base}/2/restore"' not in listed, "the open draft is not restored over itself"
    compared = client.get(f"{base}/2?against=1").text
    assert "Renamed" in compared
    assert "Removed" in compared
    assert "places of version 2 differ from version 1" in compared
    assert client.get(f"{base}/9").status_code == 404
    assert client.get(f"{base}/2?against=99999999999999999999").status_code == 200
    assert client.post(f"{base}/1/restore").status_code == 302
    draft_id = db.session.scalars(select(Course.draft_revision_id).where(Course.id == course.id)).one()
    assert nodes(draft_id)["lecture"] == node["lecture"]
    log_in(client, cast.other_author)
    assert client.get(base).status_code == 404
    assert client.get(f"{base}/1").status_code == 404
    assert client.post(f"{base}/1/restore").status_code == 404


def test_rule6_the_pages_of_versions_need_the_same_statements_whatever_their_size(
    client: FlaskClient, cast: Cast
) -> None:
    log_in(client, cast.owner)
    taken = []
    for size in (1, 5):
        course = live_course(cast.owner, modules=size, lectures=size)
        node = nodes(course.live_revision_id)
        for number in range(size):
            content.edit_module(actor=cast.owner, course_id=course.id, node_id=node["module"], title=f"Name {number}")
        for page in ("", "/2?against=1"):
            with selects() as statements:
                assert client.get(f"/studio/courses/{course.id}/versions{page}").status_code == 200
            taken.append(len(statements))
    assert taken[:2] == taken[2:]
    assert max(taken) <= 12
