"""Links and e-mail addresses, also spelled out, told from names of products, code and examples."""

import re
from collections.abc import Iterator

from backoffice.integrations.checks import contact_patterns as patterns
from backoffice.integrations.checks.spans import Span

_EMAIL_PATTERNS = (
    patterns.EMAIL,
    patterns.SPELLED_EMAIL,
    patterns.DOTLESS_EMAIL,
    patterns.SPELLED_AT,
    patterns.PROVIDER_AT,
)
# After a full stop without a space, in a method's or a product's name: too often no address.
_DOUBTFUL_TLDS = frozenset(("me", "io", "ai", "info", "de", "us", "link", "cc", "tv", "by", "net"))
_LOCAL = re.compile(r"(?:localhost|127\.|10\.|192\.168\.|0\.0\.0\.0)", re.IGNORECASE)
_CYRILLIC_LOOKS = str.maketrans("аеоркстмухвн", "aeopkctmyxbh")


def links(text: str, own_hosts: tuple[str, ...]) -> Iterator[Span]:
    """Spans of links, by what they lead to: a messenger, a social network, a shortener, a payment page, a site."""
    for pattern in (patterns.APP_LINK, patterns.SPELLED_MESSENGER):
        for match in pattern.finditer(text):
            yield Span("contact_messenger", match.start(), match.end())
    for match in patterns.URL.finditer(text):
        span = _link(text, match, own_hosts)
        if span:
            yield span
    for match in patterns.DOTLESS_HOST.finditer(text):
        yield Span("contact_link", match.start(), match.end())
    for match in patterns.SPELLED_HOST.finditer(text):
        named = patterns.LINK_CONTEXT.search(text, max(0, match.start() - 40), match.start())
        bracketed = re.search(r"[\[({<]", match.group())
        if (match["www"] or named or bracketed or "точка" in match.group().lower()) and match["host"] not in (
            "the",
            "era",
        ):
            yield Span("contact_link", match.start(), match.end(), bool(match["www"] or named or bracketed))


def _link(text: str, match: re.Match[str], own_hosts: tuple[str, ...]) -> Span | None:
    host = _host(match["host"])
    end = match.start() + len(match.group().rstrip(".,;:!?»”’…*_"))
    explicit = bool(match["scheme"]) or host.startswith("www.")
    bare = host.removeprefix("www.")
    if _LOCAL.match(host) or patterns.EXAMPLE_HOST.match(host) or _below(bare, own_hosts):
        return None
    for code, hosts in (
        ("contact_messenger", patterns.MESSENGER_HOSTS),
        ("contact_shortener", patterns.SHORTENER_HOSTS),
        ("contact_social", patterns.SOCIAL_HOSTS),
        ("payment_link", patterns.PAYMENT_HOSTS),
    ):
        # Only with a path: "Discord.com" and "x.com" alone are names of firms.
        if (bare in hosts or _below(bare, tuple(hosts))) and (match["path"] or explicit):
            return Span(code, match.start(), end)
    if explicit:
        return Span("contact_link", match.start(), end)
    return _bare_link(text, match, bare, end)


def _bare_link(text: str, match: re.Match[str], host: str, end: int) -> Span | None:
    written = match["host"]
    name, _, tld = written.rpartition(".")
    if host in patterns.PRODUCT_NAMES or not re.search(r"[^\W\d_]", name):
        return None
    if text[match.end() : match.end() + 1] in ("(", "_", "=", "@", "[", "\\"):
        return None
    named = patterns.LINK_CONTEXT.search(text, max(0, match.start() - 40), match.start()) is not None
    if tld not in patterns.BARE_TLDS and not (written.isupper() and tld in ("RU", "COM", "РФ")):
        likely = named and re.fullmatch("[a-z]{2,12}", tld) and len(name) > 2 and tld not in patterns.FILE_ENDINGS
        return Span("contact_link", match.start(), end, False) if likely else None
    if tld in _DOUBTFUL_TLDS and not (match["path"] or named or "-" in name):
        return None
    return Span("contact_link", match.start(), end, bool(match["path"] or named))


def _host(written: str) -> str:
    host = written.lower()
    if re.search(r"[а-я]", host) and re.search(r"\.[a-z]+\Z|\.ме\Z", host.translate(_CYRILLIC_LOOKS)):
        latin = host.translate(_CYRILLIC_LOOKS)
        return latin if latin.isascii() else host
    return host


def _below(host: str, parents: tuple[str, ...]) -> bool:
    return any(host == parent or host.endswith("." + parent) for parent in parents)


def emails(text: str) -> Iterator[Span]:
    """Spans of e-mail addresses, also with the at sign or the dot in words."""
    for pattern in _EMAIL_PATTERNS:
        for match in pattern.finditer(text):
            if not _exempt(text, match) and (pattern is not patterns.PROVIDER_AT or _about_mail(text, match)):
                yield Span("contact_email", match.start(), match.end())


def _about_mail(text: str, match: re.Match[str]) -> bool:
    return patterns.MAIL_CONTEXT.search(text, max(0, match.start() - 40), match.start()) is not None


def _exempt(text: str, match: re.Match[str]) -> bool:
    host = re.sub(r"\s", "", match["host"])
    if match["user"].lower() == "git" or patterns.EXAMPLE_HOST.match(host):
        return True
    if (
        " " in match.group()
        and match.re is patterns.EMAIL
        and host.rpartition(".")[2].lower() not in patterns.BARE_TLDS
    ):
        return True
    return patterns.SHELL_CONTEXT.search(text, max(0, match.start() - 40), match.start()) is not None
