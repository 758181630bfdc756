"""Commits in one place, budgets of length, known rule ids; each guard is shown what it must find."""

import ast
import re
from pathlib import Path

from tests.guards import sources

FILE_BUDGET = 300
FUNCTION_BUDGET = 50

# Files that may commit, and those that may roll back what they have read, with the reason.
MAY_COMMIT = {"backoffice/db.py": "the operation decorator"}
MAY_ROLL_BACK = MAY_COMMIT | {
    "backoffice/queries/health.py": "leaves a transaction that failed; it writes nothing",
    "backoffice/public/errors.py": "a page about a statement that the database refused needs the next one",
    "backoffice/tasks/": "long work holds no transaction open after it has read what it needs",
}
# Where rows may be written past the session, with the reason.
MAY_WRITE_IN_BULK = {
    "backoffice/operations/": "operations are what writes",
    "backoffice/ledger.py": "the only writer of the ledger",
    "backoffice/states.py": "the only writer of states, also of many at once",
    "backoffice/outbox.py": "the only writer of events, also of many at once",
    "backoffice/tasks/": "the transport's own rows: deliveries, heartbeats, sweep runs",
    "backoffice/bench/": "seeds its own servers",
}
LONG_FILES = {
    "tests/ledger/test_properties.py": "one model of the whole book, rule after rule",
    "migrations/versions/0001_tables.py": "one table after the other; a migration is read once, top to bottom",
    "tests/concurrency/test_money.py": "the races of one book, with the clients that they share",
}
LONG_FUNCTIONS = {
    ("backoffice/queries/facets.py", "_counts"): "one statement: all counts of the filters in one look at the courses",
    ("migrations/versions/0001_tables.py", "upgrade"): "the same",
    ("migrations/versions/0001_tables.py", "downgrade"): "the same",
}

RULE_ID = re.compile(r"\b([CLSMPBTX])-(\d+)\b")
# The last number of each family of rules.
RULES = {"C": 8, "L": 10, "S": 6, "M": 12, "P": 8, "B": 8, "T": 5, "X": 6}
# What the house covers so far: each of them is cited by a test.
COVERED = {
    "L": range(1, 11),
    "C": range(1, 6),
    "M": (1, 2, 3, 4, 5, 8, 10),
    "P": (1, 2, 4),
    "T": range(1, 6),
    "B": (2, 8),
    "X": (4, 5, 6),
}


def allowed(path: Path, table: dict[str, str]) -> bool:
    return any(str(path) == entry or (entry.endswith("/") and str(path).startswith(entry)) for entry in table)


def _endings(word: str, table: dict[str, str]) -> list[str]:
    return [
        f"{path}:{line}"
        for path in sources.package()
        if not allowed(path, table)
        for line in sources.calls_of(sources.tree(path), word)
    ]


def test_only_the_operation_decorator_commits() -> None:
    assert _endings("commit", MAY_COMMIT) == []
    assert _endings("rollback", MAY_ROLL_BACK) == []


def test_only_operations_write_in_bulk() -> None:
    found = [
        f"{path}:{line}"
        for path in sources.package()
        if not allowed(path, MAY_WRITE_IN_BULK)
        for line in sources.bulk_writes(sources.tree(path))
    ]
    assert found == []


def test_the_guards_of_writing_find_what_they_look_for() -> None:
    assert sources.calls_of(ast.parse("x()\ndb.session.commit()"), "commit") == [2]
    assert sources.bulk_writes(ast.parse("from sqlalchemy import delete, select")) == [1]
    assert sources.bulk_writes(ast.parse("text(' UPDATE course SET title = 1')")) == [1]
    assert sources.bulk_writes(ast.parse("text('select 1')\nfrom sqlalchemy import select")) == []
    assert sources.long_functions(ast.parse("def f():\n" + "    x()\n" * 3), 3) == [("f", 4)]
    assert sources.long_functions(ast.parse('def f():\n    """Doc."""\n' + "    x()\n" * 2), 3) == []


def test_files_keep_their_budget() -> None:
    found = {
        str(path): lines
        for path in sources.files(".py", ".html", ".css", ".js", ".mjs")
        if (lines := len(sources.source(path).splitlines())) > FILE_BUDGET and str(path) not in LONG_FILES
    }
    assert found == {}


def test_functions_keep_their_budget() -> None:
    found = {
        f"{path}:{name}": length
        for path in sources.files(".py")
        for name, length in sources.long_functions(sources.tree(path), FUNCTION_BUDGET)
        if (str(path), name) not in LONG_FUNCTIONS
    }
    assert found == {}


def test_no_exception_outlives_its_reason() -> None:
    names = {str(path) for path in sources.files("")}
    assert [entry for entry in MAY_COMMIT | LONG_FILES if entry not in names] == []
    functions = {(str(path), name) for path in sources.files(".py") for name in _functions(path)}
    assert set(LONG_FUNCTIONS) <= functions


def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(sources.tree(path)) if isinstance(node, ast.FunctionDef)}


def test_cited_rules_exist() -> None:
    unknown = {
        f"{path}: {family}-{number}"
        for path in sources.files(".py", ".html", ".md")
        for family, number in RULE_ID.findall(sources.source(path))
        if not 1 <= int(number) <= RULES[family]
    }
    assert unknown == set()


def test_each_covered_rule_has_a_test_that_cites_it() -> None:
    cited = {
        f"{family}-{number}"
        for path in sources.files(".py")
        if path.parts[0] == "tests" and path.parts[1] != "guards"
        for family, number in RULE_ID.findall(sources.source(path))
    }
    covered = {f"{family}-{number}" for family, numbers in COVERED.items() for number in numbers}
    assert sorted(covered - cited) == []


def test_nothing_is_put_off() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        str(path) for path in sources.files(".py", ".html", ".css", ".js", ".md") if marks.search(sources.source(path))
    ]
    assert found == []
