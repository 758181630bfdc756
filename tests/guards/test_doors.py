"""Every door is closed unless it stands on the list of open ones (B-8)."""

import re

from flask import Flask
from flask_admin.contrib.sqla import ModelView
from werkzeug.routing import AnyConverter, BaseConverter, Rule

from backoffice.admin.base import Guarded
from backoffice.public.security import PUBLIC, csrf
from tests.guards.sources import files, source

ANY_VALUE = {"RowNumber": 1, "UUIDConverter": "00000000-0000-0000-0000-000000000000"}


def _value(converter: BaseConverter) -> object:
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)[0]
    return ANY_VALUE.get(type(converter).__name__, "x")


def _address(app: Flask, rule: Rule) -> str:
    values = {name: _value(converter) for name, converter in rule._converters.items()}
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=_method(rule))


def _method(rule: Rule) -> str:
    return "GET" if "GET" in (rule.methods or ()) else sorted(rule.methods or () - {"OPTIONS", "HEAD"})[0]


def test_a_visitor_reaches_listed_pages_only(app: Flask) -> None:
    opened = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or rule.endpoint.endswith(".static"):
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            response = app.test_client().open(_address(app, rule), method=method)
            asked = response.status_code == 401 or (
                response.status_code == 302 and "/login" in response.headers["Location"]
            )
            if not asked:
                opened.append(f"{method} {rule.rule} ({rule.endpoint}): {response.status_code}")
    assert opened == []


def test_the_list_of_open_doors_has_no_door_that_is_gone(app: Flask) -> None:
    assert PUBLIC - set(app.view_functions) == set()


def test_each_admin_view_derives_from_the_denying_base_and_names_its_action(app: Flask) -> None:
    views = [view for admin in app.extensions["admin"] for view in admin._views]
    assert len(views) > 1
    assert [view.name for view in views if not isinstance(view, Guarded) or view.action is None] == []


def test_no_admin_view_writes_past_the_operations(app: Flask) -> None:
    tables = [view for admin in app.extensions["admin"] for view in admin._views if isinstance(view, ModelView)]
    assert tables
    assert [view.name for view in tables if view.can_create or view.can_edit or view.can_delete] == []


def test_no_route_of_people_is_exempt_from_csrf(app: Flask) -> None:
    assert csrf._exempt_views == set()
    # Providers have no session: what they send is signed.
    assert {blueprint.name for blueprint in csrf._exempt_blueprints} == {"callbacks"}


FORM = re.compile(r"<form\b[^>]*method=.post.*?</form>", re.IGNORECASE | re.DOTALL)
MACRO = re.compile(r"{% macro (\w+)\(.*?{% endmacro %}", re.DOTALL)
COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
TOKENS = ("csrf()", "csrf_token", "hidden_tag()")


def _forms_without_token(template: str) -> list[str]:
    """Forms that post and bring no token, neither themselves nor by a macro of the same file."""
    macros = [found[1] + "(" for found in MACRO.finditer(template) if any(token in found[0] for token in TOKENS)]
    return [form for form in FORM.findall(template) if not any(token in form for token in (*TOKENS, *macros))]


def test_each_form_that_posts_carries_a_token() -> None:
    assert {str(path): found for path in files(".html") if (found := _forms_without_token(source(path)))} == {}


def test_a_form_without_a_token_would_be_found() -> None:
    assert _forms_without_token('<form method="get"></form><form class="a" method="post"><button></button></form>')


def test_templates_have_no_inline_scripts_or_styles() -> None:
    found = [
        f"{path}: {mark}"
        for path in files(".html")
        for mark in (" onclick=", " onsubmit=", " onchange=", " style=", "javascript:", "<style>", "<script>")
        if mark in COMMENT.sub("", source(path))
    ]
    assert found == []
