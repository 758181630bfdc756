"""Markdown of authors as HTML that is safe to show (C-1, C-4)."""

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

# Pictures of other places would tell them who reads.
_TAGS = nh3.ALLOWED_TAGS - {"h1", "img"}
_ATTRIBUTES = {"a": {"href", "title"}}
_SCHEMES = frozenset({"http", "https", "mailto"})

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(text: str) -> Markup:
    """The text as sanitised HTML; links are `nofollow ugc`, raw HTML is shown as it was typed, pictures are not."""
    html = _parser.render(text).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    clean = nh3.clean(
        html, tags=set(_TAGS), attributes=_ATTRIBUTES, url_schemes=set(_SCHEMES), link_rel="nofollow ugc noopener"
    )
    return Markup(clean)  # noqa: S704 - sanitised in the line above
