"""What a worker is given of an upload with its attempt (T-2). Parts of operations."""

from dataclasses import dataclass

from backoffice.models.media import Upload, UploadKind


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt that was begun; `attempt` is named in every further step and proves that the lease is still held.

    A part of a picture is cut from the original of `source_id`; `crop` as in `Upload.crop`.
    """

    kind: UploadKind
    attempt: int
    filename: str
    source_id: str | None
    crop: dict[str, int] | None


def work_of(upload: Upload) -> Work:
    """The present attempt at this upload."""
    return Work(upload.kind, upload.attempt, upload.filename, upload.source_id, upload.crop)
