"""An object that a browser sends into the bucket itself, part by part, by links that the house signs (X-5).

The bucket knows what has come: nothing about parts is kept anywhere else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from backoffice.integrations.storage.base import ObjectMissing
from backoffice.integrations.storage.s3 import MIB, S3Storage, answering

# A bucket takes no smaller parts but the last, and no more of them.
LEAST_PART_BYTES, MOST_PARTS = 16 * MIB, 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """A part that has come: bytes, and the mark that the bucket gave it."""

    size: int
    etag: str


class PartsInS3:
    """Objects on their way into `storage`; each has at most one set of parts. Raises `BadKey` and `StorageAway`."""

    def __init__(self, storage: S3Storage) -> None:
        self._storage = storage
        self._client = storage.client

    def sizes(self, size: int) -> dict[int, int]:
        """Number → bytes of the parts that an object of `size` bytes comes in: all but the last are of one length."""
        each = max(LEAST_PART_BYTES, -(-size // MOST_PARTS))
        return {number: min(each, size - start) for number, start in enumerate(range(0, size, each), 1)}

    def begin(self, key: str) -> None:
        """Let parts of this object come."""
        with answering(key):
            self._client.create_multipart_upload(**self._place(key), ContentType="application/octet-stream")

    def list_parts(self, key: str) -> dict[int, Part] | None:
        """Number → part of what has come; None when nothing may come, as it was never begun or has ended."""
        parts_id = self._open(key)
        if parts_id is None:
            return None
        found = {}
        with answering(key):
            for page in self._client.get_paginator("list_parts").paginate(**self._place(key), UploadId=parts_id):
                for part in page.get("Parts", ()):
                    found[int(part["PartNumber"])] = Part(part["Size"], part["ETag"])
        return found

    def links(self, key: str, sizes: Mapping[int, int], *, seconds: int) -> dict[int, str]:
        """Number → address to PUT that part to; a part of another size is refused there. Raises `ObjectMissing`."""
        parts_id = self._open(key)
        if parts_id is None:
            raise ObjectMissing(key)
        place = {**self._place(key), "UploadId": parts_id}
        with answering(key):
            return {
                number: self._storage.signer.generate_presigned_url(
                    "upload_part", Params={**place, "PartNumber": number, "ContentLength": size}, ExpiresIn=seconds
                )
                for number, size in sizes.items()
            }

    def complete(self, key: str, parts: Mapping[int, Part]) -> None:
        """Make the object of these parts. Raises `ObjectMissing` when it was made or given up meanwhile."""
        parts_id = self._open(key)
        if parts_id is None:
            raise ObjectMissing(key)
        named = [{"PartNumber": number, "ETag": part.etag} for number, part in sorted(parts.items())]
        with answering(key):
            self._client.complete_multipart_upload(
                **self._place(key), UploadId=parts_id, MultipartUpload={"Parts": named}
            )

    def abort(self, key: str) -> None:
        """Forget what has come; nothing happens when nothing may come."""
        for begun, parts_id in list(self._begun(key)):
            if begun == key:
                self._abort(key, parts_id)

    def begun(self, prefix: str) -> Iterator[str]:
        """Keys under `prefix/` of which parts may come."""
        return (key for key, _parts_id in self._begun(f"{prefix}/"))

    def _abort(self, key: str, parts_id: str) -> None:
        try:
            with answering(key):
                self._client.abort_multipart_upload(**self._place(key), UploadId=parts_id)
        except ObjectMissing:
            return  # given up or made by somebody else meanwhile

    def _open(self, key: str) -> str | None:
        return next((parts_id for begun, parts_id in self._begun(key) if begun == key), None)

    def _begun(self, start: str) -> Iterator[tuple[str, str]]:
        top = self._storage.name("x").removesuffix("x")
        listing = self._client.get_paginator("list_multipart_uploads")
        with answering(start):
            for page in listing.paginate(Bucket=self._storage.bucket, Prefix=top + start):
                for found in page.get("Uploads", ()):
                    # There are servers that list the whole bucket, whatever prefix they are asked for.
                    if found["Key"].startswith(top + start):
                        yield found["Key"].removeprefix(top), found["UploadId"]

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._storage.bucket, "Key": self._storage.name(key)}
