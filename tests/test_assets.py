"""The manifest of the front-end build and what templates get from it."""

import json
from pathlib import Path

import pytest
from flask import Flask

from backoffice import assets


@pytest.fixture
def built(tmp_path: Path) -> Flask:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "site-1A2B.css").write_text("body{}")
    manifest = {"files": {"site.css": "site-1A2B.css", "icons.svg": "icons-3C.svg"}, "icons": ["check"]}
    (dist / "manifest.json").write_text(json.dumps(manifest))
    app = Flask("assets-test", static_folder=str(tmp_path), static_url_path="/static")
    assets.init_app(app)
    return app


def test_start_without_a_build_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(assets.AssetsMissingError, match="make build"):
        assets.init_app(Flask("assets-test", static_folder=str(tmp_path)))


def test_damaged_manifest_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"files": {}}')
    with pytest.raises(assets.AssetsMissingError, match="make build"):
        assets.read_manifest(tmp_path / "manifest.json")


def test_built_file_has_its_hashed_address_and_is_kept_for_good(built: Flask) -> None:
    url = built.jinja_env.from_string("{{ asset('site.css') }}").render()
    assert url == "/static/dist/site-1A2B.css"
    response = built.test_client().get(url)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_manifest_and_missing_files_are_not_kept(built: Flask) -> None:
    client = built.test_client()
    for name in ("manifest.json", "gone.css"):
        assert "immutable" not in client.get(f"/static/dist/{name}").headers.get("Cache-Control", "")


def test_icon_escapes_its_label_and_refuses_unknown_names(built: Flask) -> None:
    drawn = built.jinja_env.from_string("{{ icon('check', '\"<b>') }}").render()
    assert 'href="/static/dist/icons-3C.svg#check"' in drawn
    assert "<b>" not in drawn
    with pytest.raises(assets.AssetsMissingError, match="nope"):
        built.jinja_env.from_string("{{ icon('nope') }}").render()
