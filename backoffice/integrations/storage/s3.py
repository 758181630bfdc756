"""Storage in a bucket of S3, or of a server that speaks its language (X-5). Keys to it are found by boto3 itself."""

import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote, urlsplit

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from backoffice.integrations.storage.base import (
    ObjectMissing,
    StorageAway,
    StoredObject,
    check_key,
    content_type,
    is_key,
    nobody,
    tree_files,
)

MIB = 1024 * 1024
# Together shorter than the lease of a task: who hangs on a dead line is not overtaken by another attempt.
CONNECT_S, READ_S, TRIES = 5, 15, 2
TELL_EVERY_S = 1.0
# Signature version 4 lasts no longer.
LONGEST_LINK_S = 7 * 24 * 3600
AT_ONCE = 1000
YEAR_S = 365 * 24 * 3600
_MISSING = ("404", "NoSuchKey", "NotFound")
# One thread: progress is told from where the caller is, and its exception stops the transfer.
_TRANSFER = TransferConfig(multipart_threshold=32 * MIB, multipart_chunksize=32 * MIB, use_threads=False)


class S3Storage:
    """`Storage` in `bucket`, below `prefix` of it. The objects are private: no access rights are ever given."""

    def __init__(
        self, bucket: str, *, endpoint_url: str = "", public_url: str = "", region: str = "", prefix: str = ""
    ) -> None:
        self._bucket = bucket
        self._top = f"{prefix}/" if prefix else ""
        self._client = _client(endpoint_url, region)
        self._signer = _client(public_url, region) if public_url else self._client

    def put_file(self, key: str, path: Path) -> None:
        self._upload(self._name(key), path, _Teller(nobody))

    def put_bytes(self, key: str, data: bytes) -> None:
        with _answering(key):
            self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=data, **_facts(key))

    def put_tree(self, prefix: str, folder: Path, *, on_progress: Callable[[], None] = nobody) -> None:
        files, teller = tree_files(prefix, folder), _Teller(on_progress)
        # What names others is written after what it names.
        for key in sorted(files, key=lambda key: (key.endswith(".m3u8"), key)):
            teller()
            self._upload(self._name(key), files[key], teller)
        teller()
        self._delete(key for key in self.list(prefix) if key not in files)
        shutil.rmtree(folder)

    def open(self, key: str) -> BinaryIO:
        with _answering(key):
            return cast(BinaryIO, self._client.get_object(Bucket=self._bucket, Key=self._name(key))["Body"])

    def fetch(self, key: str, path: Path) -> None:
        with self.open(key) as body, path.open("wb") as file, _answering(key):
            shutil.copyfileobj(body, file, MIB)

    def head(self, key: str) -> int | None:
        try:
            with _answering(key):
                return int(self._client.head_object(Bucket=self._bucket, Key=self._name(key))["ContentLength"])
        except ObjectMissing:
            return None

    def delete(self, key: str) -> None:
        with _answering(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def delete_prefix(self, prefix: str) -> None:
        self._delete(self.list(check_key(prefix)))

    def list(self, prefix: str) -> Iterator[str]:
        return (found.key for found in self.scan(prefix))

    def scan(self, prefix: str) -> Iterator[StoredObject]:
        below = f"{self._name(prefix)}/" if prefix else self._top
        listing = self._client.get_paginator("list_objects_v2")
        pages = listing.paginate(Bucket=self._bucket, Prefix=below, PaginationConfig={"PageSize": AT_ONCE})
        with _answering(prefix):
            for page in pages:
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self._top)
                    # Somebody else's objects in our bucket are none of ours.
                    if is_key(key):
                        yield StoredObject(key, found["Size"], found["LastModified"])

    def discard_unfinished(self, *, before: datetime) -> int:
        listing = self._client.get_paginator("list_multipart_uploads")
        with _answering(self._top):
            pages = listing.paginate(Bucket=self._bucket, Prefix=self._top)
            left = [one for page in pages for one in page.get("Uploads", ()) if one["Initiated"] < before]
            for one in left:
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=one["Key"], UploadId=one["UploadId"])
        return len(left)

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def url(self, key: str, *, seconds: int, filename: str | None = None, mimetype: str | None = None) -> str:
        asked = {"Bucket": self._bucket, "Key": self._name(key)}
        if filename is not None:
            asked["ResponseContentDisposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
        if mimetype is not None:
            asked["ResponseContentType"] = mimetype
        lasts = max(1, min(seconds, LONGEST_LINK_S))
        with _answering(key):
            return str(self._signer.generate_presigned_url("get_object", Params=asked, ExpiresIn=lasts))

    def _name(self, key: str) -> str:
        return self._top + check_key(key)

    def _upload(self, name: str, path: Path, teller: "_Teller") -> None:
        try:
            with _answering(name):
                arguments = {"ExtraArgs": _facts(name), "Config": _TRANSFER, "Callback": teller}
                self._client.upload_file(str(path), self._bucket, name, **arguments)
        except StorageAway:
            if teller.stopped is not None:
                raise teller.stopped from None
            raise

    def _delete(self, keys: Iterator[str]) -> None:
        while batch := [{"Key": self._name(key)} for key in islice(keys, AT_ONCE)]:
            with _answering(batch[0]["Key"]):
                told = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True})
            if failed := told.get("Errors"):
                raise StorageAway(f"{len(failed)} objects were not deleted, the first: {failed[0]}")


class _Teller:
    """Tells of progress now and then, and remembers who did not want to go on: boto3 would take that for a bad line."""

    def __init__(self, on_progress: Callable[[], None]) -> None:
        self._on_progress = on_progress
        self._told_at = -math.inf
        self.stopped: Exception | None = None

    def __call__(self, _bytes: int = 0) -> None:
        if self.stopped is not None:
            raise self.stopped
        if time.monotonic() - self._told_at < TELL_EVERY_S:
            return
        try:
            self._on_progress()
        except Exception as stopped:
            self.stopped = stopped
            raise
        self._told_at = time.monotonic()


def origin(bucket: str, *, endpoint_url: str = "", region: str = "") -> str:
    """Scheme and host of the addresses of objects, for the policy of pages. Asks for no keys and for no server."""
    client = _client(endpoint_url, region, signature=UNSIGNED)
    address = urlsplit(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"}))
    return f"{address.scheme}://{address.netloc}"


def _client(endpoint_url: str, region: str, signature: Any = "s3v4") -> Any:
    settings = Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
        signature_version=signature,
        # Servers that are not Amazon's seldom have a name for each bucket, and seldom know the newer checksums.
        s3={"addressing_style": "path" if endpoint_url else "virtual"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # A session of one's own: the default one must not be used by several threads while it makes clients.
    session = boto3.session.Session()
    return session.client("s3", endpoint_url=endpoint_url or None, region_name=region or None, config=settings)


def _facts(key: str) -> dict[str, str]:
    """What the server says of the object to whoever comes with a link. Products never change under their keys."""
    kind = content_type(key)
    if kind is None:
        kept = {"ContentDisposition": "attachment", "CacheControl": "private, no-store"}
        return {"ContentType": "application/octet-stream", **kept}
    return {"ContentType": kind, "CacheControl": f"private, max-age={YEAR_S}, immutable"}


@contextmanager
def _answering(what: str) -> Iterator[None]:
    """Say in the words of the house what went wrong with the object or prefix `what`."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            raise ObjectMissing(what) from error
        raise StorageAway(f"{what}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageAway(f"{what}: {error}") from error
