"""Absurd addresses, forms and bodies: each gets a clear answer, none a server error."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from backoffice.access import Role
from backoffice.public.incoming import LARGEST_BODY, MOST
from backoffice.public.site.routes import safe_next
from tests.factories.courses import live_course
from tests.factories.people import Cast, log_in, person

ABSURD = ("\0", "9" * 25, "9" * 5000, "-1", "٣", "1e999999", "NaN", "0001-01-01T00:00", "/\t/[", "⁄\u202e", "a,b'\"<")
ASKED = (
    *("before", "after", "q", "key", "kind", "user", "course", "purchase", "at", "amount", "max_price", "rating"),
    *("page", "sort", "desc", "search", "next", "coupon", "status", "since", "until", "category", "id", "blocked"),
    *("flt0_0", "values"),
)
RESERVED = ("endpoint", "_external", "_method", "_anchor", "self", "export_type")
# One at a time, for what is refused whole.
SEARCHED = ("q", "search", "key", "user", "flt0_0")


def pages(app: Flask) -> list[Rule]:
    """Pages that anybody with all rights can open by address alone."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "site.healthz"
    ]


@pytest.mark.parametrize("value", ABSURD)
def test_no_absurd_address_breaks_a_page(app: Flask, client: FlaskClient, value: str) -> None:
    log_in(client, person(Role.AUTHOR, Role.MODERATOR, Role.ADMIN))
    broken = []
    for rule in pages(app):
        for names in (ASKED, RESERVED, *((name,) for name in SEARCHED if value == "\0")):
            answer = client.get(rule.rule, query_string=dict.fromkeys(names, value))
            if answer.status_code >= 500:
                broken.append(f"{rule.rule} {names}: {answer.status_code}")
    assert broken == []


def test_no_row_has_an_absurd_number(app: Flask, client: FlaskClient, cast: Cast) -> None:
    log_in(client, person(Role.AUTHOR, Role.MODERATOR, Role.ADMIN))
    course = live_course(cast.owner)
    for number in (str(MOST + 1), "9" * 25, "9" * 5000, "%00", "-1"):
        for path in (f"/studio/courses/{number}", f"/preview/{course.slug}/{number}", f"/account/history/{number}"):
            assert client.get(path).status_code == 404, path
    for path in ("/courses/%00", "/authors/%00", "/v/%00/x/y", "/uploads/%00/state", "/admin/ledger/accounts/%00"):
        assert client.get(path).status_code == 404, path
    for name in ("abc", "1,2", "%00", "9" * 25):
        assert client.get(f"/admin/uploads/details/?id={name}").status_code in (302, 400, 404)
        assert client.get(f"/admin/letters/details/?id={name}").status_code in (302, 400, 404)


def test_a_text_that_no_column_holds_is_the_senders_mistake(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    course = live_course(cast.owner, price_minor=0)
    form = {"shown_price_minor": "9" * 25, "coupon": "\0"}
    assert client.post(f"/courses/{course.slug}/buy", data=form).status_code in (400, 409, 422)
    form = {"request_key": "a\0b", "amount": "20", "saved": "9" * 25}
    assert client.post("/account/top-up", data=form).status_code == 422


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59", "1999-12-31T00:00"])
def test_s6_a_date_beyond_any_calendar_is_told_at_its_field(client: FlaskClient, cast: Cast, moment: str) -> None:
    course = live_course(cast.owner)
    log_in(client, cast.owner)
    sale = client.post(f"/studio/courses/{course.id}/sale", data={"price": "10", "sale_until": moment})
    coupon = client.post("/studio/coupons", data={"code": "SPRING", "percent": "5", "starts_at": moment})
    for answer in (sale, coupon):
        assert answer.status_code == 422
        assert "Choose a date between the years 2000 and 2999." in answer.text


@pytest.mark.parametrize("kept", ["/", "/courses?q=привет", "/account/balance?x=1#end", "/studio/courses/1/sale"])
def test_safe_next_keeps_paths_of_the_house(kept: str) -> None:
    assert safe_next(kept) == kept


@pytest.mark.parametrize(
    "refused",
    [None, "", "x", "//evil", "/\\evil", "/a\\b", "/\t/evil", "/\t/[", "/a\nSet-Cookie: x", "https://evil", "/\u202e"],
)
def test_safe_next_leads_nowhere_else(client: FlaskClient, refused: str | None) -> None:
    assert safe_next(refused) is None
    assert client.post("/locale", data={"locale": "ru", "next": refused or ""}).location == "/"


def chunked(size: int) -> dict[str, object]:
    """A body whose length is not told beforehand, as a request in pieces comes to the application."""
    return {"input_stream": io.BytesIO(b"a" * size), "environ_overrides": {"wsgi.input_terminated": True}}


def test_a_body_larger_than_any_form_is_not_read(client: FlaskClient) -> None:
    form = "application/x-www-form-urlencoded"
    told = client.post("/login", data=b"email=" + b"a" * LARGEST_BODY, content_type=form)
    assert told.status_code == 413
    assert client.post("/login", content_type=form, **chunked(LARGEST_BODY + 1)).status_code == 413
    within = client.post("/login", data=b"email=" + b"a" * 1000, content_type=form)
    assert within.status_code == 422


def test_a_callback_larger_than_any_is_not_read_however_its_length_is_told(client: FlaskClient) -> None:
    assert client.post("/callbacks/fake", data=b"a" * (64 * 1024 + 1)).status_code == 413
    stream = io.BytesIO(b"a" * (1024 * 1024))
    answer = client.post("/callbacks/fake", input_stream=stream, environ_overrides={"wsgi.input_terminated": True})
    assert answer.status_code == 413
    assert stream.tell() <= 64 * 1024 + 1


@pytest.mark.parametrize("signature", ["t=1,v1=é", "é", "t=1", "t=" + "9" * 20 + ",v1=a", "v1=,t=,"])
def test_m10_a_senseless_signature_is_refused(client: FlaskClient, signature: str) -> None:
    headers = {"Lectern-Signature": signature}
    assert client.post("/callbacks/fake", data=b"{}", headers=headers).status_code == 400
