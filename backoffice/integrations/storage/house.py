"""Where the running application keeps its media."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backoffice.config import Settings, settings
from backoffice.integrations.storage.base import Storage
from backoffice.integrations.storage.local import LocalStorage

if TYPE_CHECKING:
    from backoffice.integrations.storage.parts import PartsInS3
    from backoffice.integrations.storage.s3 import S3Storage

# The one object of a file for download.
ATTACHMENT = "content"
# A picture as it was sent, to show another part of it later; given to nobody.
ORIGINAL = "original"


def storage() -> Storage:
    """The storage of finished products, `<kind>/<products>/…` for each kind of upload, and of `export/…`."""
    chosen = settings()
    return s3_storage(chosen) if chosen.storage == "s3" else local_storage(chosen)


def parts() -> "PartsInS3 | None":
    """Where browsers send files part by part; None while the house receives them itself."""
    if settings().storage != "s3":
        return None
    made: PartsInS3 = import_module("backoffice.integrations.storage.parts").PartsInS3(s3_storage(settings()))
    return made


def local_storage(chosen: Settings) -> LocalStorage:
    """The folder of these settings, whether it is the house's storage or not."""
    return LocalStorage(chosen.var_dir / "media")


def s3_storage(chosen: Settings) -> "S3Storage":
    """The bucket of these settings, whether it is the house's storage or not; one client for the whole process."""
    return _bucket(chosen.s3_bucket, chosen.s3_endpoint_url, chosen.s3_public_url, chosen.s3_region, chosen.s3_prefix)


def foreign_origin(chosen: Settings) -> str:
    """Scheme and host of media that browsers get from elsewhere; empty while the house serves all of them itself."""
    if chosen.storage != "s3":
        return ""
    address = chosen.s3_public_url or chosen.s3_endpoint_url
    return str(_s3_module().origin(chosen.s3_bucket, endpoint_url=address, region=chosen.s3_region))


@cache
def _bucket(bucket: str, endpoint_url: str, public_url: str, region: str, prefix: str) -> "S3Storage":
    made: S3Storage = _s3_module().S3Storage(
        bucket, endpoint_url=endpoint_url, public_url=public_url, region=region, prefix=prefix
    )
    return made


def _s3_module() -> Any:
    """By name, because boto3 costs each process its start and memory, and most houses keep their files in a folder."""
    return import_module("backoffice.integrations.storage.s3")


def uploads_folder() -> Path:
    """The folder of files on their way in and of work in progress, made when missing."""
    folder = settings().var_dir.absolute() / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def part_path(upload_id: str) -> Path:
    """The file that collects the bytes of one upload, whole or not."""
    return uploads_folder() / f"{upload_id}.part"
