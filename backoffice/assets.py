"""Static files with content-hashed names: the manifest of the front-end build, `asset()` and `icon()` for templates."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from markupsafe import Markup, escape

DIST_URL = "/static/dist/"
FOREVER = "public, max-age=31536000, immutable"


class AssetsMissingError(RuntimeError):
    """The front-end was not built, or a template names a file or an icon that the build does not have."""


@dataclass(frozen=True)
class Manifest:
    """`files`: logical name → hashed name under static/dist; `icons`: the names in the sprite."""

    files: dict[str, str]
    icons: frozenset[str]

    def url(self, name: str) -> str:
        """Address of a built file by its logical name (`site.css`)."""
        if name not in self.files:
            raise AssetsMissingError(f"no built file named {name!r}; it has: {', '.join(sorted(self.files))}")
        return DIST_URL + self.files[name]

    def icon(self, name: str, label: str = "", large: bool = False) -> Markup:
        """One icon of the sprite; silent for screen readers unless it has a label."""
        if name not in self.icons:
            raise AssetsMissingError(f"no icon named {name!r}; add it to static/src/icons/icons.txt")
        meaning = Markup(' role="img" aria-label="{}"').format(label) if label else Markup(' aria-hidden="true"')
        css = "icon icon-lg" if large else "icon"
        return Markup('<svg class="{}"{}><use href="{}#{}"></use></svg>').format(
            css, meaning, self.url("icons.svg"), escape(name)
        )


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`; raises AssetsMissingError when there is none or it cannot be read."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(files=dict(data["files"]), icons=frozenset(data["icons"]))
    except FileNotFoundError:
        raise AssetsMissingError('The front-end is not built: run "make build".') from None
    except (ValueError, KeyError, TypeError) as error:
        raise AssetsMissingError(f'The front-end build is damaged ({error}): run "make build".') from error


def _keep_forever(response: Response) -> Response:
    built = request.path.startswith(DIST_URL) and not request.path.endswith("/manifest.json")
    if built and response.status_code in (200, 206, 304):
        response.headers["Cache-Control"] = FOREVER
    return response


def init_app(app: Flask) -> None:
    """Read the manifest once and give templates `asset(name)` and `icon(name, label='', large=False)`."""
    manifest = read_manifest(Path(app.static_folder or "static") / "dist" / "manifest.json")
    app.extensions["assets"] = manifest
    app.jinja_env.globals.update(asset=manifest.url, icon=manifest.icon)
    app.after_request(_keep_forever)
