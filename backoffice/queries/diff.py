"""What differs between two revisions of a course: by node key, field by field, word by word (B-2, L-6)."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from backoffice.queries.captions import Track

# Above this many words in one changed passage a comparison word by word says nothing and takes seconds.
MAX_PASSAGE = 3000
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class ContentNode:
    """A part of one revision's tree; `fields` are texts by name, in reading order.

    `video_id` is the products of a video that can be played, `file_id` the upload of a file that can be saved.
    """

    node_id: int
    parent_id: int | None
    kind: str
    depth: int
    fields: Mapping[str, str]
    video_id: str | None = None
    captions: tuple[Track, ...] = ()
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """One revision as texts; `nodes` in reading order."""

    revision_id: int
    fields: Mapping[str, str]
    nodes: tuple[ContentNode, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text: `equal`, `added` or `removed`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field before and after."""

    name: str
    segments: tuple[Segment, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was added or removed."""
        return any(segment.kind != "equal" for segment in self.segments)


@dataclass(frozen=True, slots=True)
class CaptionsDiff:
    """Captions of a lecture in one language, before and after; None where there are none."""

    label: str
    before_id: int | None
    after_id: int | None


@dataclass(frozen=True, slots=True)
class NodeDiff:
    """One node; `changes` holds `added` or `removed`, else any of `moved` and `changed`."""

    node_id: int
    kind: str
    depth: int
    title: str
    changes: frozenset[str]
    fields: tuple[FieldDiff, ...]
    video_id: str | None
    file_id: str | None
    captions: tuple[CaptionsDiff, ...] = ()


@dataclass(frozen=True, slots=True)
class ContentDiff:
    """All of a revision beside the one before it. Without one nothing counts as changed: all of it is new."""

    is_first: bool
    fields: tuple[FieldDiff, ...]
    nodes: tuple[NodeDiff, ...]

    @property
    def changed_count(self) -> int:
        """How many fields of the course and how many nodes differ."""
        return sum(field.changed for field in self.fields) + sum(bool(node.changes) for node in self.nodes)


def compare(before: Content | None, after: Content) -> ContentDiff:
    """The difference of two revisions; nodes in the reading order of `after`, removed ones where they had been."""
    if before is None:
        nodes = [_node_diff(node, frozenset(), node.fields) for node in after.nodes]
        return ContentDiff(True, _field_diffs(after.fields, after.fields), _with_captions(nodes, after, after))
    old = {node.node_id: node for node in before.nodes}
    moved = _moved(before.nodes, after.nodes)
    nodes = [_carried(old.get(node.node_id), node, moved) for node in after.nodes]
    kept = {node.node_id for node in after.nodes}
    previous: int | None = None
    for node in before.nodes:
        if node.node_id not in kept:
            place = next((i + 1 for i, placed in enumerate(nodes) if placed.node_id == previous), 0)
            nodes.insert(place, _node_diff(node, frozenset({"removed"}), {}))
        previous = node.node_id
    return ContentDiff(False, _field_diffs(before.fields, after.fields), _with_captions(nodes, before, after))


def _with_captions(nodes: Sequence[NodeDiff], before: Content, after: Content) -> tuple[NodeDiff, ...]:
    """The nodes with their captions: which of them to read, and beside which."""
    old, new = ({node.node_id: node.captions for node in content.nodes} for content in (before, after))
    return tuple(
        replace(node, captions=_captions(old.get(node.node_id, ()), new.get(node.node_id, ()))) for node in nodes
    )


def _captions(before: Sequence[Track], after: Sequence[Track]) -> tuple[CaptionsDiff, ...]:
    old, new = ({track.language: track for track in tracks} for tracks in (before, after))
    return tuple(
        CaptionsDiff(
            label=track.label,
            before_id=old[language].caption_id if language in old else None,
            after_id=new[language].caption_id if language in new else None,
        )
        for language, track in (old | new).items()
    )


def _carried(before: ContentNode | None, after: ContentNode, moved: set[int]) -> NodeDiff:
    if before is None:
        fields = tuple(FieldDiff(name, _one("added", text)) for name, text in after.fields.items() if text)
        return _shown(after, frozenset({"added"}), fields)
    changes = set()
    if after.node_id in moved:
        changes.add("moved")
    if before.fields != after.fields:
        changes.add("changed")
    return _node_diff(before, frozenset(changes), after.fields, shown=after)


def _node_diff(
    before: ContentNode, changes: frozenset[str], after: Mapping[str, str], shown: ContentNode | None = None
) -> NodeDiff:
    return _shown(shown or before, changes, _field_diffs(before.fields, after))


def _shown(node: ContentNode, changes: frozenset[str], fields: tuple[FieldDiff, ...]) -> NodeDiff:
    return NodeDiff(node.node_id, node.kind, node.depth, _title(node), changes, fields, node.video_id, node.file_id)


def _title(node: ContentNode) -> str:
    return node.fields.get("title") or node.fields.get("text", "")


def _moved(before: Sequence[ContentNode], after: Sequence[ContentNode]) -> set[int]:
    """Nodes with another parent, and the fewest nodes whose move explains a new order among the same parent's."""
    rank = {node.node_id: number for number, node in enumerate(before)}
    parents = {node.node_id: node.parent_id for node in before}
    moved: set[int] = set()
    siblings: dict[int | None, list[int]] = defaultdict(list)
    for node in after:
        if node.node_id not in rank:
            continue
        if parents[node.node_id] != node.parent_id:
            moved.add(node.node_id)
        else:
            siblings[node.parent_id].append(node.node_id)
    for ids in siblings.values():
        ranks = [rank[node_id] for node_id in ids]
        kept = _longest_increasing(ranks)
        moved.update(node_id for node_id, number in zip(ids, ranks, strict=True) if number not in kept)
    return moved


def _longest_increasing(numbers: Sequence[int]) -> set[int]:
    tails: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(tails, number)
        before[number] = tails[place - 1] if place else None
        tails[place : place + 1] = [number]
    kept: set[int] = set()
    last: int | None = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept


def _field_diffs(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldDiff, ...]:
    names = list(dict.fromkeys([*after, *before]))
    pairs = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return tuple(FieldDiff(name, words(old, new)) for name, old, new in pairs if old or new)


def words(before: str, after: str) -> tuple[Segment, ...]:
    """The way from one text to another, paragraph by paragraph and in changed ones word by word."""
    if before == after:
        return _one("equal", after)
    return tuple(_joined(_by_line(before, after)))


def _one(kind: str, text: str) -> tuple[Segment, ...]:
    return (Segment(kind, text),) if text else ()


def _by_line(before: str, after: str) -> Iterator[Segment]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        removed, added = "".join(old[i1:i2]), "".join(new[j1:j2])
        if tag == "equal":
            yield Segment("equal", added)
        elif tag == "replace":
            yield from _by_word(removed, added)
        else:
            yield from _one("removed", removed) + _one("added", added)


def _by_word(before: str, after: str) -> Iterator[Segment]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > MAX_PASSAGE:
        yield from _one("removed", before) + _one("added", after)
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Segment("equal", "".join(new[j1:j2]))
        else:
            yield from _one("removed", "".join(old[i1:i2])) + _one("added", "".join(new[j1:j2]))


def _joined(segments: Iterator[Segment]) -> Iterator[Segment]:
    last: Segment | None = None
    for segment in segments:
        if last is not None and last.kind == segment.kind:
            last = Segment(last.kind, last.text + segment.text)
            continue
        if last is not None:
            yield last
        last = segment
    if last is not None:
        yield last
