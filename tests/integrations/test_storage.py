"""X-5: private objects, whole or absent, under keys that cannot leave their place; the same in a folder and in S3."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backoffice.integrations.storage import s3
from backoffice.integrations.storage.base import BadKey, ObjectMissing, Storage
from backoffice.integrations.storage.local import LocalStorage
from backoffice.integrations.storage.s3 import S3Storage
from backoffice.integrations.storage.signing import LinkRefused, seconds_left, sign, verify
from tests.factories.s3 import BUCKET, S3Server

SECRET = b"a secret of the tests"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PREFIX = "shop/media"
LATER = NOW + timedelta(hours=4)


@pytest.fixture(scope="session")
def buckets(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, S3Storage]]:
    """Two servers of S3: what passes here passes with two that were written by different people."""
    moto = S3Server("moto", tmp_path_factory.mktemp("moto"))
    moto.start()
    yield {server.kind: S3Storage(BUCKET, endpoint_url=server.url, prefix=PREFIX) for server in (s3_server, moto)}
    moto.stop()


@pytest.fixture(params=["folder", "nanio", "moto"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return LocalStorage(tmp_path / "root")
    bucket: S3Storage = request.getfixturevalue("buckets")[request.param]
    for key in list(bucket.list("")):
        bucket.delete(key)
    return bucket


@pytest.fixture
def local(tmp_path: Path) -> Storage:
    return LocalStorage(tmp_path / "root")


def read(storage: Storage, key: str) -> bytes:
    with storage.open(key) as file:
        return file.read()


def test_put_read_and_delete(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"from a file")
    storage.put_file("a/1/file.jpg", tmp_path / "source")
    storage.put_bytes("a/2.webp", b"from memory")
    assert storage.head("a/1/file.jpg") == 11
    assert read(storage, "a/2.webp") == b"from memory"
    storage.fetch("a/1/file.jpg", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"from a file"
    assert list(storage.list("a")) == ["a/1/file.jpg", "a/2.webp"]
    storage.delete("a/2.webp")
    storage.delete("a/2.webp")
    assert storage.head("a/2.webp") is None
    storage.delete_prefix("a")
    storage.delete_prefix("a")
    assert list(storage.list("")) == []


def test_what_is_not_there_is_missing(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes("a/1/file.jpg", b"x")
    for key in ("a/1", "a", "b", "a/1/file.jpg/x"):
        assert storage.head(key) is None
        with pytest.raises(ObjectMissing):
            storage.open(key)
        with pytest.raises(ObjectMissing):
            storage.fetch(key, tmp_path / "fetched")
    storage.delete("b")
    assert not (tmp_path / "fetched").exists()
    assert list(storage.list("a")) == ["a/1/file.jpg"]


def test_put_replaces_what_was_there(storage: Storage) -> None:
    storage.put_bytes("x", b"old")
    storage.put_bytes("x", b"new and longer")
    assert read(storage, "x") == b"new and longer"


def test_a_failed_write_leaves_the_old_object_and_nothing_else(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes("x/y", b"old")
    with pytest.raises(FileNotFoundError):
        storage.put_file("x/y", tmp_path / "absent")
    assert list(storage.list("")) == ["x/y"]
    assert read(storage, "x/y") == b"old"


def test_a_whole_folder_moves_in_and_replaces_the_one_before(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes("video/70/poster.jpg", b"a neighbour")
    for attempt in ("first", "second"):
        folder = tmp_path / f"{attempt}.tmp"
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file.m4s").write_text(attempt)
        (folder / f"{attempt}.m3u8").write_text(attempt)
        storage.put_tree("video/7", folder)
        assert not folder.exists()
    assert list(storage.list("video/7")) == ["video/7/deep/file.m4s", "video/7/second.m3u8"]
    assert read(storage, "video/7/deep/file.m4s") == b"second"
    assert list(storage.list("video/70")) == ["video/70/poster.jpg"]


def test_a_folder_with_a_link_in_it_is_refused_whole(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    (folder / "secret.jpg").symlink_to("/etc/passwd")
    with pytest.raises(BadKey):
        storage.put_tree("video/7", folder)
    assert list(storage.list("")) == []


def test_listings_are_in_the_order_of_bytes_with_sizes_and_times(storage: Storage) -> None:
    keys = ["a.c", "a/b/c", "a/b.c", "a-b/c", "a/b-c/d", "b/1", "b/10", "b/2", "a_", "z"]
    for size, key in enumerate(keys):
        storage.put_bytes(key, b"x" * size)
    found = list(storage.scan(""))
    assert [one.key for one in found] == sorted(keys) == list(storage.list(""))
    assert {one.key: one.size for one in found} == {key: size for size, key in enumerate(keys)}
    now = datetime.now(UTC)
    assert all(abs(now - one.modified_at) < timedelta(minutes=5) for one in found)
    assert list(storage.list("a/b")) == ["a/b/c"]
    assert list(storage.list("nothing")) == []


def test_more_than_a_page_of_objects(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "AT_ONCE", 3)
    keys = [f"many/{number}" for number in range(8)]
    for key in keys:
        storage.put_bytes(key, b"x")
    assert list(storage.list("")) == keys
    storage.delete_prefix("many")
    assert list(storage.list("")) == []


def test_a_failed_write_of_a_folder_leaves_no_file(local: Storage, tmp_path: Path) -> None:
    local.put_bytes("x/y", b"old")
    with pytest.raises(FileNotFoundError):
        local.put_file("x/y", tmp_path / "absent")
    assert [path.name for path in (tmp_path / "root" / "x").iterdir()] == ["y"]


PATH_TRICKS = ["/etc/passwd", "../x", "a/../../x", "a//b", "a/", "a/.", "a/..", ".hidden", "a/.tmp-1", "%2e%2e/x"]
STRANGE_CHARACTERS = ["", "A", "a\\b", "a\n", "é", "a b", "a\x00b", "a" * 513]


@pytest.mark.parametrize("key", [*PATH_TRICKS, *STRANGE_CHARACTERS])
def test_tricks_in_keys_are_refused(storage: Storage, tmp_path: Path, key: str) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").touch()
    for attempt in (
        lambda: storage.put_bytes(key, b"x"),
        lambda: storage.head(key),
        lambda: storage.open(key),
        lambda: storage.fetch(key, tmp_path / "fetched"),
        lambda: storage.put_tree(key, tmp_path / "tree"),
        lambda: storage.delete(key),
        lambda: storage.delete_prefix(key),
        lambda: storage.local_path(key),
        lambda: storage.url(key, seconds=60),
    ):
        with pytest.raises(BadKey):
            attempt()
    assert not (tmp_path / "root").exists()
    assert (tmp_path / "tree" / "file").exists()


def test_a_token_names_its_viewer_until_it_expires() -> None:
    token = sign(SECRET, prefix="video/7", viewer_id=42, expires_at=LATER)
    assert token.count(".") == 2
    assert verify(SECRET, token, prefix="video/7", now=NOW) == 42
    assert seconds_left(token, now=NOW) == 4 * 3600
    with pytest.raises(LinkRefused, match="expired"):
        verify(SECRET, token, prefix="video/7", now=LATER)


def test_a_token_opens_no_other_prefix_and_no_other_secret() -> None:
    token = sign(SECRET, prefix="video/7", viewer_id=42, expires_at=LATER)
    for secret, prefix in ((SECRET, "video/70"), (SECRET, "video"), (SECRET, "video/8"), (b"other", "video/7")):
        with pytest.raises(LinkRefused, match="forged"):
            verify(secret, token, prefix=prefix, now=NOW)


def test_a_changed_token_is_forged() -> None:
    token = sign(SECRET, prefix="video/7", viewer_id=42, expires_at=LATER)
    expires, viewer, digest = token.split(".")
    changed = [
        f"{int(expires) + 3600}.{viewer}.{digest}",
        f"{expires}.43.{digest}",
        f"{expires}.{viewer}.{'A' * 43}",
        f"{expires}.{viewer}.",
        f"{token}\n",
        "",
        "a.b.c",
        f"-{token}",
    ]
    for one in changed:
        with pytest.raises(LinkRefused, match="forged"):
            verify(SECRET, one, prefix="video/7", now=NOW)
