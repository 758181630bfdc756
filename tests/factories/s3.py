"""Servers that speak S3 on this machine: `moto` knows most of it, `nanio` checks signatures and their expiry."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from flask import Flask

from backoffice.dev.processes import free_port
from backoffice.integrations.storage.house import foreign_origin

KEY_ID, SECRET = "lectern-tests", "the secret of the bucket of tests"
REGION = "us-east-1"
STARTED_WITHIN_S = 30
# boto3 looks for these in the environment, as in life.
KEYS = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": REGION}
BUCKET = "lectern"
COMMANDS = {
    "moto": ["-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"],
    "nanio": ["-m", "nanio", "serve", "--host", "127.0.0.1", "--port", "{port}", "--data-dir", "{folder}/data"],
}


class S3Server:
    """A server that can be stopped in the middle and comes back at the same address; nanio with what it had."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return when it answers and has the bucket."""
        self._folder.mkdir(exist_ok=True)
        arguments = [part.format(port=self._port, folder=self._folder) for part in COMMANDS[self.kind]]
        environ = {**os.environ, **KEYS, "NANIO_ACCESS_KEY": KEY_ID, "NANIO_SECRET_KEY": SECRET}
        with (self._folder / f"{self.kind}.log").open("ab") as log:
            self._process = subprocess.Popen([sys.executable, *arguments], env=environ, stdout=log, stderr=log)
        until = time.monotonic() + STARTED_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self._folder / f"{self.kind}.log").read_text())
            time.sleep(0.05)
        if BUCKET not in [bucket["Name"] for bucket in self.client().list_buckets()["Buckets"]]:
            self.client().create_bucket(Bucket=BUCKET)

    def stop(self) -> None:
        """Kill it, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> Any:
        """A client of its own, past the house's storage."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}),
        )

    def _answers(self) -> bool:
        try:
            return get(self.url)[0] > 0
        except OSError:
            return False


def keep_media_in(app: Flask, server: S3Server, monkeypatch: pytest.MonkeyPatch, *, prefix: str = "") -> None:
    """Let the application keep its media in this server for the rest of the test, as if it had been started so."""
    chosen = replace(
        app.extensions["lectern.settings"],
        storage="s3",
        s3_bucket=BUCKET,
        s3_endpoint_url=server.url,
        s3_prefix=prefix.lower(),
    )
    monkeypatch.setitem(app.extensions, "lectern.settings", chosen)
    monkeypatch.setitem(app.extensions, "lectern.media_origin", foreign_origin(chosen))


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by lower-case name and body of what a browser would get."""
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310 (this machine)
    try:
        with urllib.request.urlopen(request, timeout=10) as found:  # noqa: S310
            return found.status, {name.lower(): value for name, value in found.headers.items()}, found.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()
