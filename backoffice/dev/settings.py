"""What `up` is told by its environment, and the environment that it gives to its children."""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backoffice.dev.leftovers import MARK
from backoffice.dev.processes import StartError

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the project, with `wsgi.py` and `migrations/`; children run in it."""


@dataclass(frozen=True)
class UpSettings:
    """`PORT`, `VAR_DIR`, `DATABASE_URL`, `REDIS_URL` and `DEMO`, as far as `up` itself needs them."""

    port: int
    var_dir: Path
    database_url: str | None
    redis_url: str | None
    demo: bool

    @property
    def address(self) -> str:
        """The address of the site."""
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "UpSettings":
        """Read the environment; a senseless value is a `StartError`."""
        port = environ.get("PORT") or "8000"
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise StartError(f"PORT must be a number from 1 to 65535, not {port!r}")
        demo = environ.get("DEMO") or "1"
        if demo not in ("0", "1"):
            raise StartError(f"DEMO must be 0 or 1, not {demo!r}")
        return cls(
            port=int(port),
            var_dir=Path(environ.get("VAR_DIR") or ROOT / "var").resolve(),
            database_url=environ.get("DATABASE_URL") or None,
            redis_url=environ.get("REDIS_URL") or None,
            demo=demo == "1",
        )


def child_environment(
    settings: UpSettings, *, database_url: str, redis_url: str, provider_url: str = ""
) -> dict[str, str]:
    """Return the whole environment of the children and remember its own part in `environment.json`.

    `lectern flask ...` in a second terminal takes it from there.
    """
    own = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "VAR_DIR": str(settings.var_dir),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _secret_key(settings.var_dir),
        "ENVIRONMENT": os.environ.get("ENVIRONMENT") or "development",
        "BASE_URL": os.environ.get("BASE_URL") or settings.address,
        "FAKE_PROVIDER_URL": os.environ.get("FAKE_PROVIDER_URL") or provider_url,
    }
    _write_private(_environment_file(settings.var_dir), json.dumps(own, indent=1))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {**os.environ, **own, "PATH": path, "PYTHONUNBUFFERED": "1", MARK: str(settings.var_dir)}


def remembered_environment(var_dir: Path) -> dict[str, str]:
    """Return the settings of the `up` that ran last in this VAR_DIR, merged over this process's environment."""
    file = _environment_file(var_dir)
    if not file.exists():
        raise StartError(f"no settings in {var_dir}: start `make up` first, or set DATABASE_URL and REDIS_URL")
    return {**json.loads(file.read_text()), **os.environ}


def _environment_file(var_dir: Path) -> Path:
    return var_dir / "environment.json"


def _secret_key(var_dir: Path) -> str:
    """Return the key that signs sessions; made once, so that a restart logs nobody out."""
    file = var_dir / "secret_key"
    if not file.exists():
        _write_private(file, secrets.token_hex(32))
    return file.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + ".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(path)
