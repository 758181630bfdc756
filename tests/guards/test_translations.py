"""Everything that people read is there in both languages: English is in the code, Russian in a catalogue (X-4)."""

import re
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from tests.guards.sources import ROOT

RUSSIAN = ROOT / "backoffice" / "translations" / "ru" / "LC_MESSAGES" / "messages.po"
KEYWORDS = DEFAULT_KEYWORDS | {"_l": None, "lazy_gettext": None, "_n": None}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def _in_code() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(str(ROOT / "backoffice"), method_map=METHODS, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found}


def _catalogue(path: Path) -> Catalog:
    return read_po(BytesIO(path.read_bytes()), locale="ru")


def _texts(value: str | tuple[str, ...] | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _faults(message: Message) -> list[str]:
    """What is wrong with one translation."""
    msgid, texts = _texts(message.id), _texts(message.string)
    faults = []
    if not all(text.strip() for text in texts):
        faults.append("empty")
    if message.fuzzy:
        faults.append("fuzzy")
    known = {name for text in msgid for name in PLACEHOLDER.findall(text)}
    if any(set(PLACEHOLDER.findall(text)) - known for text in texts):
        faults.append("unknown placeholder")
    if len(msgid) == 1 and any(known - set(PLACEHOLDER.findall(text)) for text in texts if text):
        faults.append("lost placeholder")
    return faults


def test_each_text_stands_in_the_russian_catalogue() -> None:
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in _catalogue(RUSSIAN)}
    assert sorted(map(str, _in_code() - known)) == [], "run `make messages` and translate what is new"


def test_each_translation_is_complete() -> None:
    faulty = {str(message.id): faults for message in _catalogue(RUSSIAN) if message.id and (faults := _faults(message))}
    assert faulty == {}


def test_faults_of_a_translation_are_found() -> None:
    assert _faults(Message("Save", "")) == ["empty"]
    assert _faults(Message("Save", "Сохранить", flags=["fuzzy"])) == ["fuzzy"]
    assert _faults(Message("%(name)s left", "Ушёл", flags=["python-format"])) == ["lost placeholder"]
    assert _faults(Message("%(name)s left", "%(nane)s ушёл")) == ["unknown placeholder", "lost placeholder"]
    assert _faults(Message(("%(num)d day", "%(num)d days"), ("%(num)d день", "%(num)d дня", "%(num)d дней"))) == []
