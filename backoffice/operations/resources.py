"""Files for download of a lecture: hung on it and put in order (C-4). Errors: those of `revisions.editable`."""

from sqlalchemy import select

from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.models.content import Lecture, NodeKind, Resource
from backoffice.models.media import Upload, UploadKind
from backoffice.operations.courses import TITLE_MAX
from backoffice.operations.revisions import editable, require_upload
from backoffice.operations.tree import RESOURCES_MAX, new_place, node_of, swap


@operation
def add_resource(*, actor: Actor, course_id: int, lecture_node_id: int, upload_id: str) -> Resource:
    """Hang a file on a lecture, behind the others and under its own name; a repetition changes nothing (C-4).

    Errors: `node.not_found`, `upload.unusable` unless it is the actor's own and has arrived, `content.too_many`.
    """
    revision = editable(actor, course_id)
    lecture = node_of(Lecture, revision, lecture_node_id)
    require_upload(actor, upload_id, UploadKind.FILE, field="upload_id")
    siblings = Resource.lecture_id == lecture.id
    there = db.session.scalar(select(Resource).where(siblings, Resource.upload_id == upload_id))
    if there is not None:
        return there
    place = new_place(revision, NodeKind.RESOURCE, Resource, siblings, RESOURCES_MAX)
    title = db.session.get_one(Upload, upload_id).filename[:TITLE_MAX]
    resource = Resource(lecture_id=lecture.id, title=title, upload_id=upload_id, **place)
    db.session.add(resource)
    return resource


@operation
def move_resource(*, actor: Actor, course_id: int, node_id: int, by: int) -> None:
    """Move a file one place down (`by` 1) or up (-1) within its lecture."""
    resource = node_of(Resource, editable(actor, course_id), node_id)
    swap(Resource, Resource.lecture_id == resource.lecture_id, resource, by)
