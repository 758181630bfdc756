"""Forms of pages as a browser would send them back."""

from html.parser import HTMLParser

from flask.testing import FlaskClient


class _Form(HTMLParser):
    """Controls of the form that says what it was filled with, by name; what is chosen in lists too."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str | list[str]] = {}
        self.shown: dict[str, str | list[str]] | None = None
        self._text: str | None = None
        self._list = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        name = facts.get("name") or ""
        if tag == "form":
            self.values = {}
        elif tag == "textarea":
            self._text = name
            self.values[name] = ""
        elif tag == "select":
            self._list = name
            self.values[name] = []
        elif tag == "option" and "selected" in facts and self._list:
            self.values[self._list] = [*self.values[self._list], str(facts["value"])]
        elif tag == "input" and name and ("checked" in facts or facts.get("type") not in ("checkbox", "radio")):
            self.values[name] = facts.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.values[self._text] = (str(self.values[self._text]) + data).removeprefix("\n").removeprefix("\r\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = None
        if tag == "select":
            self._list = ""
        if tag == "form" and "shown" in self.values:
            self.shown = self.values


def filled(html: str) -> dict[str, str | list[str]]:
    """What the editor's form of this page sends when nothing is touched."""
    parser = _Form()
    parser.feed(html)
    assert parser.shown is not None, "no form of an editor"
    return parser.shown


def opened(client: FlaskClient, path: str) -> dict[str, str | list[str]]:
    """Open a page: what its editor's form sends when nothing is touched."""
    return filled(client.get(path).text)
