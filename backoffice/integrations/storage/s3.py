"""Storage in a bucket of S3, or of a server that speaks its language (X-5). Keys to it are found by boto3 itself."""

import io
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from backoffice.integrations.storage.base import (
    INCOMING,
    ObjectMissing,
    StorageAway,
    StoredObject,
    attachment_header,
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
_MISSING = ("404", "NoSuchKey", "NoSuchUpload", "NotFound")
# One thread: progress is told from where the caller is, and its exception stops the transfer.
_TRANSFER = TransferConfig(multipart_threshold=32 * MIB, multipart_chunksize=32 * MIB, use_threads=False)


class S3Storage:
    """`Storage` in `bucket`, below `prefix` of it. The objects are private: no access rights are ever given."""

    def __init__(
        self, bucket: str, *, endpoint_url: str = "", public_url: str = "", region: str = "", prefix: str = ""
    ) -> None:
        self.bucket = bucket
        self._top = f"{prefix}/" if prefix else ""
        self.client = _client(endpoint_url, region)
        self.signer = _client(public_url, region) if public_url else self.client

    def put_file(self, key: str, path: Path) -> None:
        self._upload(self.name(key), path, _Teller(nobody))

    def put_bytes(self, key: str, data: bytes) -> None:
        with answering(key):
            self.client.put_object(Bucket=self.bucket, Key=self.name(key), Body=data, **_facts(key))

    def put_tree(self, prefix: str, folder: Path, *, on_progress: Callable[[], None] = nobody) -> None:
        files, teller = tree_files(prefix, folder), _Teller(on_progress)
        # What names others is written after what it names.
        for key in sorted(files, key=lambda key: (key.endswith(".m3u8"), key)):
            teller()
            self._upload(self.name(key), files[key], teller)
        teller()
        self._delete(key for key in self.list(prefix) if key not in files)
        shutil.rmtree(folder)

    def open(self, key: str) -> BinaryIO:
        with answering(key):
            body = self.client.get_object(Bucket=self.bucket, Key=self.name(key))["Body"]
        return io.BufferedReader(_Body(key, body))

    def fetch(self, key: str, path: Path, *, on_progress: Callable[[], None] = nobody) -> None:
        teller = _Teller(on_progress)
        with self.open(key) as body, path.open("wb") as file:
            while block := body.read(MIB):
                file.write(block)
                teller()

    def head(self, key: str) -> int | None:
        try:
            with answering(key):
                return int(self.client.head_object(Bucket=self.bucket, Key=self.name(key))["ContentLength"])
        except ObjectMissing:
            return None

    def delete(self, key: str) -> None:
        with answering(key):
            self.client.delete_object(Bucket=self.bucket, Key=self.name(key))

    def delete_prefix(self, prefix: str) -> None:
        self._delete(self.list(check_key(prefix)))

    def list(self, prefix: str) -> Iterator[str]:
        return (found.key for found in self.scan(prefix))

    def scan(self, prefix: str) -> Iterator[StoredObject]:
        below = f"{self.name(prefix)}/" if prefix else self._top
        listing = self.client.get_paginator("list_objects_v2")
        pages = listing.paginate(Bucket=self.bucket, Prefix=below, PaginationConfig={"PageSize": AT_ONCE})
        with answering(prefix):
            for page in pages:
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self._top)
                    # Somebody else's objects in our bucket are none of ours.
                    if is_key(key):
                        yield StoredObject(key, found["Size"], found["LastModified"])

    def discard_unfinished(self, *, before: datetime) -> int:
        listing, incoming = self.client.get_paginator("list_multipart_uploads"), f"{self.name(INCOMING)}/"
        discarded = 0
        with answering(self._top):
            for page in listing.paginate(Bucket=self.bucket, Prefix=self._top):
                for found in page.get("Uploads", ()):
                    # There are servers that list the whole bucket; and what browsers send has a time of its own.
                    ours = found["Key"].startswith(self._top) and not found["Key"].startswith(incoming)
                    if ours and found["Initiated"] < before:
                        place = {"Bucket": self.bucket, "Key": found["Key"]}
                        self.client.abort_multipart_upload(**place, UploadId=found["UploadId"])
                        discarded += 1
        return discarded

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def url(self, key: str, *, seconds: int, filename: str | None = None, mimetype: str | None = None) -> str:
        asked = {"Bucket": self.bucket, "Key": self.name(key)}
        if filename is not None:
            asked["ResponseContentDisposition"] = attachment_header(filename)
        if mimetype is not None:
            asked["ResponseContentType"] = mimetype
        lasts = max(1, min(seconds, LONGEST_LINK_S))
        with answering(key):
            return str(self.signer.generate_presigned_url("get_object", Params=asked, ExpiresIn=lasts))

    def name(self, key: str) -> str:
        """The object's name in the bucket. Raises `BadKey`."""
        return self._top + check_key(key)

    def _upload(self, name: str, path: Path, teller: "_Teller") -> None:
        try:
            with answering(name):
                arguments = {"ExtraArgs": _facts(name), "Config": _TRANSFER, "Callback": teller}
                self.client.upload_file(str(path), self.bucket, name, **arguments)
        except StorageAway:
            if teller.stopped is not None:
                raise teller.stopped from None
            raise

    def _delete(self, keys: Iterator[str]) -> None:
        while batch := [{"Key": self.name(key)} for key in islice(keys, AT_ONCE)]:
            with answering(batch[0]["Key"]):
                told = self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
            if failed := told.get("Errors"):
                raise StorageAway(f"{len(failed)} objects were not deleted, the first: {failed[0]}")


class _Body(io.RawIOBase):
    """An object on its way here; a line that breaks says so in the words of the house."""

    def __init__(self, key: str, body: Any) -> None:
        self._key, self._body = key, body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with answering(self._key):
            block = self._body.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._body.close()
        super().close()


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
def answering(what: str) -> Iterator[None]:
    """Say in the words of the house what went wrong with the object or prefix `what`."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            raise ObjectMissing(what) from error
        raise StorageAway(f"{what}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageAway(f"{what}: {error}") from error
