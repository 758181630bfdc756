"""Pages of the shop."""

from flask.testing import FlaskClient


def test_home_is_open_to_visitors(client: FlaskClient) -> None:
    assert client.get("/").status_code == 200
