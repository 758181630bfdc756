"""Assignments on the pages of the studio and of learning (C-3, L-1, P-1)."""

from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.db import db, unguarded
from backoffice.models.content import Assignment, Module, Node, NodeKind
from backoffice.models.courses import Course
from tests.factories.courses import draft_course, live_course
from tests.factories.learning import lectures_of, own
from tests.factories.people import Cast, log_in
from tests.factories.statements import selects
from tests.public.forms import opened


def given(course: Course, many: int = 1) -> int:
    """Assignments in the live revision itself; the node of the last one."""
    module = db.session.scalars(select(Module).where(Module.revision_id == course.live_revision_id)).first()
    assert module is not None
    with unguarded():
        for position in range(many):
            node = Node(course_id=course.id, kind=NodeKind.ASSIGNMENT)
            db.session.add(node)
            db.session.flush()
            place = {"revision_id": module.revision_id, "module_id": module.id, "node_id": node.id}
            text = "Count **all** of them. <script>alert(1)</script>"
            db.session.add(Assignment(**place, position=position, title=f"Books {position}", body=text))
        db.session.commit()
    return node.id


def test_c3_an_author_writes_an_assignment_by_plain_forms(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner)
    module = db.session.scalars(select(Module.node_id)).one()
    log_in(client, cast.owner)
    base = f"/studio/courses/{course.id}"
    address = client.post(f"{base}/modules/{module}/assignments/new", data={"title": "Count"}).location
    assert client.post(address, data={**opened(client, address), "body": "Count **books**."}).status_code == 302
    assert "<strong>books</strong>" in client.get(address).text
    page = client.get(f"{base}/modules/{module}").text
    assert "Count" in page
    node = address.rsplit("/", 1)[-1]
    copied = client.post(f"{base}/assignments/{node}/duplicate").location
    client.post(f"{base}/assignments/{node}/move", data={"direction": "down", "parent": module})
    titles = select(Assignment.title).order_by(Assignment.position)
    assert db.session.scalars(titles).all() == ["Count (copy)", "Count"]
    gone = client.post(f"{base}/assignments/{node}/delete", data={"parent": module}, follow_redirects=True)
    assert "Undo" in gone.text
    back = client.post(f"{base}/deleted/{gone.request.args['undo']}/bring-back")
    assert back.location == address
    assert copied != address
    assert client.get(f"{base}/assignments/999999").status_code == 404


def test_p1_students_read_assignments_of_what_they_own(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    node = given(course)
    own(cast.student, course)
    slug, lecture = course.slug, lectures_of(course.live_revision_id)[0].node_id
    address = f"/learn/{slug}/assignments/{node}"
    log_in(client, cast.other_student)
    assert client.get(address).status_code == 404
    log_in(client, cast.student)
    assert address in client.get(f"/learn/{slug}").text
    page = client.get(address).text
    assert "Count <strong>all</strong> of them." in page
    assert "<script>alert(1)" not in page
    assert client.get(f"/learn/{slug}/assignments/{lecture}").status_code == 404


def test_rule6_more_assignments_need_no_more_statements(client: FlaskClient, cast: Cast) -> None:
    few, many = live_course(cast.owner), live_course(cast.owner)
    given(few)
    given(many, 10)
    log_in(client, cast.owner)
    counts = []
    for course in (few, many):
        with selects() as seen:
            assert client.get(f"/learn/{course.slug}").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
