"""The session's cookie on answers that run side by side."""

import pytest
from flask.testing import FlaskClient

from tests.factories.people import Cast, log_in


@pytest.mark.parametrize(("mode", "prolongs"), [("navigate", True), ("cors", False), ("no-cors", False)])
def test_only_pages_prolong_a_session_so_that_a_late_answer_to_a_poll_brings_no_login_back(
    client: FlaskClient, cast: Cast, mode: str, prolongs: bool
) -> None:
    log_in(client, cast.student)
    with client.session_transaction() as session:
        session.permanent = True
    client.get("/account/")
    answer = client.get("/account/", headers={"Sec-Fetch-Mode": mode})
    assert answer.status_code == 200
    assert ("Set-Cookie" in answer.headers) == prolongs
