"""Limits of the doors: attempts per account and per address, letters per address."""

import pytest
from flask import Flask

from backoffice.models.people import User
from backoffice.operations import accounts
from tests.public.test_auth import _fresh_limits, anna, enter, is_in

__all__ = ["_fresh_limits", "anna"]


def test_failed_logins_are_throttled_per_account_from_any_address(app: Flask, anna: User) -> None:
    client = app.test_client()
    codes = [
        client.post(
            "/login",
            data={"email": "ANNA@example.org", "password": "wrong password"},
            environ_base={"REMOTE_ADDR": f"10.0.0.{number}"},
        ).status_code
        for number in range(12)
    ]
    assert codes == [422] * 10 + [429] * 2
    assert enter(client) == 429
    assert not is_in(client)


def test_failed_logins_are_throttled_per_address_for_any_account(app: Flask, anna: User) -> None:
    client = app.test_client()
    codes = [enter(client, email=f"person{number}@example.org") for number in range(12)]
    assert codes == [422] * 10 + [429] * 2


@pytest.mark.parametrize("spelling", ["anna@EXAMPLE.org ", "anna@\uff45xample.org", "ANNA@example\u3002org"])
def test_another_spelling_of_the_address_is_no_other_account(app: Flask, anna: User, spelling: str) -> None:
    for number in range(10):
        browser = app.test_client()
        data = {"email": spelling, "password": "wrong password"}
        assert browser.post("/login", data=data, environ_base={"REMOTE_ADDR": f"10.0.1.{number}"}).status_code == 422
    assert enter(app.test_client()) == 429


def test_attempts_at_the_same_time_are_counted_before_they_are_looked_at(
    app: Flask, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[int] = []
    checked = accounts.log_in

    def slow(**arguments: str) -> accounts.Login:
        # While this one is looked at, another nine and more begin.
        if not inside:
            inside.append(0)
            inside.extend(enter(app.test_client(), password="wrong password") for _ in range(11))
        return checked(**arguments)

    monkeypatch.setattr(accounts, "log_in", slow)
    assert enter(app.test_client(), password="wrong password") == 422
    assert inside[1:] == [422] * 9 + [429] * 2


def test_successful_logins_are_not_counted(app: Flask, anna: User) -> None:
    assert [enter(app.test_client()) for _ in range(12)] == [302] * 12


def test_letters_to_one_address_are_limited(app: Flask, anna: User) -> None:
    client = app.test_client()
    codes = [client.post("/forgot", data={"email": "anna@example.org"}).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
