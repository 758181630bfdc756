"""The difference of two revisions: by node, field by field, word by word (B-2, L-6, L-9)."""

from hypothesis import given
from hypothesis import strategies as st

from backoffice.queries.diff import Content, ContentNode, Segment, compare, words


def module(node_id: int, title: str = "M") -> ContentNode:
    return ContentNode(node_id, None, "module", 0, {"title": title})


def lecture(node_id: int, parent_id: int, body: str = "text") -> ContentNode:
    return ContentNode(node_id, parent_id, "lecture", 1, {"title": f"L{node_id}", "body": body})


def content(*nodes: ContentNode, title: str = "Title") -> Content:
    return Content(1, {"title": title}, nodes)


def changes(before: Content, after: Content) -> dict[int, set[str]]:
    return {node.node_id: set(node.changes) for node in compare(before, after).nodes}


def test_b2_words_that_changed_are_told_apart() -> None:
    assert words("one two three", "one 2 three") == (
        Segment("equal", "one "),
        Segment("removed", "two"),
        Segment("added", "2"),
        Segment("equal", " three"),
    )
    assert words("", "new") == (Segment("added", "new"),)
    assert words("old", "") == (Segment("removed", "old"),)
    assert words("", "") == ()


def test_b2_a_long_passage_is_replaced_whole() -> None:
    before, after = "a " * 4000, "b " * 4000
    assert words(before, after) == (Segment("removed", before), Segment("added", after))


@given(st.text(alphabet="ab \n", max_size=60), st.text(alphabet="ab \n", max_size=60))
def test_b2_both_texts_can_be_read_from_the_segments(before: str, after: str) -> None:
    segments = words(before, after)
    assert "".join(part.text for part in segments if part.kind != "added") == before
    assert "".join(part.text for part in segments if part.kind != "removed") == after


def test_l9_nodes_are_added_removed_moved_and_changed_by_their_key() -> None:
    before = content(module(1), lecture(11, 1), lecture(12, 1), lecture(13, 1), module(2), lecture(21, 2))
    after = content(module(1), lecture(13, 1), lecture(11, 1, "other"), module(2), lecture(21, 2), lecture(22, 2))
    assert changes(before, after) == {
        1: set(),
        13: {"moved"},
        11: {"changed"},
        12: {"removed"},
        2: set(),
        21: set(),
        22: {"added"},
    }


def test_l9_a_lecture_in_another_module_has_moved() -> None:
    before = content(module(1), lecture(11, 1), module(2))
    after = content(module(1), module(2), lecture(11, 2))
    assert changes(before, after) == {1: set(), 2: set(), 11: {"moved"}}


def test_l6_what_was_removed_stands_where_it_had_been() -> None:
    before = content(module(1), lecture(11, 1), lecture(12, 1), module(2))
    after = content(module(1), lecture(11, 1), module(2))
    assert [node.node_id for node in compare(before, after).nodes] == [1, 11, 12, 2]


def test_b2_the_first_revision_counts_no_changes_and_the_next_one_does() -> None:
    one = content(module(1), title="Old")
    assert compare(None, one).is_first
    assert compare(None, one).changed_count == 0
    assert compare(one, content(module(1, "N"), title="New")).changed_count == 2
    assert compare(one, one).changed_count == 0
