"""Who sees what of the back office: every view of the registry by every role (B-8)."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import BaseView

from backoffice.access import MATRIX, Action, Actor, Role
from backoffice.admin.base import Browser, Guarded
from backoffice.admin.registry import index, views
from tests.factories.people import Cast, log_in


def all_views(app: Flask) -> list[BaseView]:
    admin = app.extensions["admin"][0]
    return list(admin._views)


def people(cast: Cast) -> list[Actor]:
    return [cast.student, cast.owner, cast.moderator, cast.admin]


def addresses(app: Flask, view: BaseView, method: str) -> list[str]:
    """Every address of a view, numbers filled in."""
    found = []
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.partition(".")
        if blueprint == view.endpoint and name != "static" and method in rule.methods:
            values = {argument: "category" if argument == "catalogue" else 999_999_999 for argument in rule.arguments}
            found.append(app.url_map.bind("localhost").build(rule.endpoint, values, method=method))
    return sorted(set(found))


def test_b8_every_view_stands_on_the_denying_base_and_names_its_action(app: Flask) -> None:
    assert len(all_views(app)) == len(views(development=True)) + 1
    for view in all_views(app):
        assert isinstance(view, Guarded)
        assert isinstance(view.action, Action), view.endpoint


def test_b8_each_address_answers_each_role_as_the_matrix_says(app: Flask, cast: Cast) -> None:
    checked = 0
    for actor in people(cast):
        client = log_in(app.test_client(), actor)
        for view in all_views(app):
            allowed = not actor.roles.isdisjoint(MATRIX[view.action])
            for method in ("GET", "POST"):
                for address in addresses(app, view, method):
                    status = client.open(address, method=method).status_code
                    assert (status != 403) is allowed, (address, method, actor.roles, status)
                    assert status < 500, (address, method, status)
                    checked += 1
    assert checked > 200


def test_b8_visitors_are_asked_to_log_in(app: Flask, client: FlaskClient) -> None:
    for view in all_views(app):
        for address in addresses(app, view, "GET"):
            answer = client.get(address)
            assert answer.status_code == 302, address
            assert "/login" in answer.headers["Location"]
        for address in addresses(app, view, "POST"):
            assert client.post(address).status_code == 401, address


def test_b8_a_view_without_an_action_is_closed_to_admins_too(app: Flask, cast: Cast) -> None:
    class Forgotten(Guarded):
        pass

    with app.test_request_context():
        assert not Forgotten().is_accessible()


def test_b8_moderators_do_not_see_money_users_or_tasks(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.moderator)
    for name in ("withdrawals", "ledger", "corrections", "proof", "purchases", "users", "catalogues", "parked"):
        assert client.get(f"/admin/{name}/").status_code == 403
    page = client.get("/admin/").get_data(as_text=True)
    assert "/admin/withdrawals/" not in page
    assert "/admin/users/" not in page
    assert "/admin/review/" in page


def test_b8_letters_are_a_page_of_development_only() -> None:
    names = {view.endpoint for view in views(development=False)}
    assert "admin_letters" not in names
    assert index().endpoint == "admin"


def test_b4_stock_addresses_of_tables_cannot_write(app: Flask, cast: Cast) -> None:
    client = log_in(app.test_client(), cast.admin)
    browsers = [view for view in all_views(app) if isinstance(view, Browser)]
    assert len(browsers) >= 7
    for view in browsers:
        assert client.get(f"{view.url}/new/").status_code == 302
        assert client.post(f"{view.url}/new/", data={"name": "x"}).status_code == 302
        assert client.post(f"{view.url}/edit/?id=1", data={"name": "x"}).status_code == 302
        assert client.post(f"{view.url}/delete/", data={"id": "1"}).status_code == 302
        assert client.post(f"{view.url}/ajax/update/", data={"list_form_pk": "1"}).status_code == 404


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ADMIN])
def test_b8_buttons_need_the_token(app: Flask, cast: Cast, role: Role) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        client = log_in(app.test_client(), cast.admin if role is Role.ADMIN else cast.moderator)
        for view in all_views(app):
            for address in addresses(app, view, "POST"):
                assert client.post(address).status_code == 400, address
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
