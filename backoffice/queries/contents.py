"""Whole revisions as texts, to be compared by moderators and authors (B-2, L-6)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from backoffice.db import db
from backoffice.models.catalogues import Category, Language, Skill
from backoffice.models.content import Assignment, Lecture, Module, Question, Resource, Revision, RevisionSkill
from backoffice.models.media import Upload, UploadState
from backoffice.queries.captions import tracks
from backoffice.queries.diff import Content, ContentDiff, ContentNode, compare

# The order in which the parts of a lecture are read.
_FILES, _QUESTIONS = range(2)
# Assignments of a module stand behind its lectures, whose positions are below this.
_AFTER_LECTURES = 1_000_000


def content_diff(before_id: int | None, after_id: int) -> ContentDiff:
    """The difference of two revisions by their ids. Six statements."""
    wanted = [after_id] if before_id in (None, after_id) else [before_id, after_id]
    contents = _contents([number for number in wanted if number is not None])
    return compare(contents.get(before_id) if before_id not in (None, after_id) else None, contents[after_id])


def _contents(revision_ids: Sequence[int]) -> dict[int | None, Content]:
    nodes: dict[int, list[tuple[tuple[int, ...], ContentNode]]] = {number: [] for number in revision_ids}
    places: dict[int, tuple[tuple[int, ...], int]] = {}
    modules = _of(Module.revision_id, revision_ids, Module, _assignments())
    for module, assignments in db.session.execute(modules):
        places[module.id] = ((module.position,), module.node_id)
        node = ContentNode(module.node_id, None, "module", 0, {"title": module.title})
        nodes[module.revision_id].append(((module.position,), node))
        for position, (node_id, *texts) in enumerate(assignments or ()):
            fields = dict(zip(("title", "body"), texts, strict=True))
            node = ContentNode(node_id, module.node_id, "assignment", 1, fields)
            nodes[module.revision_id].append(((module.position, _AFTER_LECTURES, position), node))
    lectures: dict[int, tuple[tuple[int, ...], int]] = {}
    query = _of(Lecture.revision_id, revision_ids, Lecture, Upload)
    for lecture, file in db.session.execute(query.outerjoin(Upload, Upload.id == Lecture.video_upload_id)):
        order, parent = places[lecture.module_id]
        place = (*order, lecture.position)
        lectures[lecture.id] = (place, lecture.node_id)
        # The id tells two files of one name apart.
        video = f"{file.filename} ({file.duration_s or 0} s, {file.id[:8]})" if file else ""
        fields = {"title": lecture.title, "kind": lecture.kind.value, "video": video, "body": lecture.body}
        fields["captions"] = "\n".join(
            f"{one['label']} ({one['language']}): {one['cues']} (#{one['caption_id']})" for one in lecture.captions
        )
        fields["free_preview"] = _yes(lecture.free_preview)
        playable = file.products_id if file and file.state is UploadState.DONE else None
        node = ContentNode(lecture.node_id, parent, "lecture", 1, fields, playable, tracks(lecture.captions))
        nodes[lecture.revision_id].append((place, node))
    files = _of(Resource.revision_id, revision_ids, Resource, Upload.filename, Upload.state)
    for resource, filename, state in db.session.execute(files.join(Upload, Upload.id == Resource.upload_id)):
        order, parent = lectures[resource.lecture_id]
        fields = {"title": resource.title, "file": f"{filename} ({resource.upload_id[:8]})"}
        file_id = resource.upload_id if state is UploadState.DONE else None
        node = ContentNode(resource.node_id, parent, "resource", 2, fields, file_id=file_id)
        nodes[resource.revision_id].append(((*order, _FILES, resource.position), node))
    for question in db.session.execute(_of(Question.revision_id, revision_ids, Question)).scalars():
        order, parent = lectures[question.lecture_id]
        options = "\n".join(f"{'✓' if option['right'] else '✗'} {option['text']}" for option in question.options)
        fields = {"text": question.text, "options": options, "explanation": question.explanation}
        node = ContentNode(question.node_id, parent, "question", 2, fields)
        nodes[question.revision_id].append(((*order, _QUESTIONS, question.position), node))
    texts = _texts(revision_ids)
    return {
        number: Content(number, texts[number], tuple(node for _, node in sorted(nodes[number], key=lambda n: n[0])))
        for number in revision_ids
    }


def _assignments() -> ScalarSelect[Any]:
    """Node, title and text of the assignments of the module at hand, as JSON in order: no statement of their own."""
    facts = func.jsonb_build_array(Assignment.node_id, Assignment.title, Assignment.body)
    return (
        select(func.jsonb_agg(aggregate_order_by(facts, Assignment.position)))
        .where(Assignment.module_id == Module.id)
        .correlate(Module)
        .scalar_subquery()
    )


def _texts(revision_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    skills: dict[int, list[str]] = {number: [] for number in revision_ids}
    query = select(RevisionSkill.revision_id, Skill.name_en).join(Skill, Skill.id == RevisionSkill.skill_id)
    for number, name in db.session.execute(query.where(RevisionSkill.revision_id.in_(revision_ids)).order_by(Skill.id)):
        skills[number].append(name)
    rows = db.session.execute(
        _of(Revision.id, revision_ids, Revision, Category.name_en, Language.name_en, Upload.filename)
        .outerjoin(Category, Category.id == Revision.category_id)
        .outerjoin(Language, Language.code == Revision.language_code)
        .outerjoin(Upload, Upload.id == Revision.cover_upload_id)
    )
    return {
        revision.id: {
            "title": revision.title,
            "short_description": revision.short_description,
            "description": revision.description,
            "requirements": revision.requirements,
            "category": category or "",
            "level": revision.level.value,
            "language": language or "",
            "skills": ", ".join(skills[revision.id]),
            "cover": f"{cover} ({revision.cover_upload_id[:8]})" if cover else "",
            "includes_certificate": _yes(revision.includes_certificate),
            "access_days": str(revision.access_days or ""),
        }
        for revision, category, language, cover in rows
    }


def _of(column: Any, revision_ids: Sequence[int], *what: Any) -> Select[Any]:
    condition: ColumnElement[bool] = column.in_(revision_ids)
    return select(*what).where(condition)


def _yes(value: bool) -> str:
    return "✓" if value else ""
