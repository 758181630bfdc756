"""Captions of a video, one set of a language (C-4). They are content: changing them is a change of the draft."""

from hashlib import sha256
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import cast, delete, exists, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, insert

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.models.content import Caption, Lecture, LectureKind, RemovedNode
from backoffice.operations.courses import require_language
from backoffice.operations.revisions import editable
from backoffice.operations.texts import cleaned
from backoffice.operations.tree import node_of
from backoffice.webvtt import Captions

LABEL_MAX = 60
LANGUAGES_MAX = 20
SWEEP_BATCH = 100


@operation
def put(
    *, actor: Actor, course_id: int, node_id: int, version: int, language: str, label: str, captions: Captions
) -> Lecture:
    """Add captions to a lecture, or put them in place of those of the same language (C-4).

    Errors: as `revisions.editable`; `node.not_found`, `lecture.not_a_video`, `language.unknown`, `captions.languages`,
    `text.*` with the field `label`.
    """
    lecture = node_of(Lecture, editable(actor, course_id, version=version), node_id)
    if lecture.kind is not LectureKind.VIDEO:
        raise Refused("lecture.not_a_video", _l("This lecture has no video."))
    require_language(language)
    label = cleaned(label, field="label", at_most=LABEL_MAX, required=True)
    entry = {"language": language, "label": label, "caption_id": _kept(course_id, captions), "cues": captions.cues}
    known = {kept["language"]: kept for kept in lecture.captions}
    lecture.captions = list((known | {language: entry}).values())
    if len(lecture.captions) > LANGUAGES_MAX:
        raise Refused(
            "captions.languages", _l("A video has captions in %(limit)s languages at most.", limit=LANGUAGES_MAX)
        )
    return lecture


@operation
def remove(*, actor: Actor, course_id: int, node_id: int, version: int, language: str) -> Lecture:
    """Take the captions of a language away from a lecture; other versions of the course keep theirs (L-6).

    Errors: as `revisions.editable`; `node.not_found`, `captions.not_found`.
    """
    lecture = node_of(Lecture, editable(actor, course_id, version=version), node_id)
    left = [kept for kept in lecture.captions if kept["language"] != language]
    if len(left) == len(lecture.captions):
        raise NotFound("captions.not_found", _l("There are no captions in this language."))
    lecture.captions = left
    return lecture


@operation
def clear_unused(*, actor: Actor, limit: int = SWEEP_BATCH) -> int:
    """Delete a batch of texts that no version of a course has, nor anything that can be brought back (T-4).

    Who is just using one again has touched `used_at` in the same transaction. Call until it returns 0.
    """
    actor.require(Action.RUN_SWEEPS)
    old = clock.now() - Caption.KEPT
    in_a_version = exists().where(Lecture.names_caption(Caption.id))
    in_bin = exists().where(
        RemovedNode.course_id == Caption.course_id,
        RemovedNode.removed_at >= clock.now() - RemovedNode.KEPT,
        _names(RemovedNode.content, Caption.id),
    )
    due = (
        select(Caption.id)
        .where(Caption.used_at < old, ~in_a_version, ~in_bin)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(db.session.scalars(due))
    db.session.execute(delete(Caption).where(Caption.id.in_(ids)))
    return len(ids)


def _names(content: Any, caption_id: Any) -> Any:
    path = cast(literal("$.**.caption_id ? (@ == $id)"), JSONPATH)
    return func.jsonb_path_exists(content, path, func.jsonb_build_object("id", caption_id, type_=JSONB))


def _kept(course_id: int, captions: Captions) -> int:
    """The id of this text among those of the course."""
    values = {
        "course_id": course_id,
        "sha256": sha256(captions.text.encode()).hexdigest(),
        "text": captions.text,
        "cues": captions.cues,
        "used_at": clock.now(),
    }
    statement = (
        insert(Caption)
        .values(values)
        .on_conflict_do_update(index_elements=["course_id", "sha256"], set_={"used_at": values["used_at"]})
    )
    return db.session.scalars(statement.returning(Caption.id)).one()
