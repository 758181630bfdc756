"""X-5: private objects in a local folder, whole or absent, under keys that cannot leave it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backoffice.integrations.storage.base import BadKey, ObjectMissing, Storage
from backoffice.integrations.storage.local import LocalStorage
from backoffice.integrations.storage.signing import LinkRefused, sign, verify

SECRET = b"a secret of the tests"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=4)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return LocalStorage(tmp_path / "root")


def test_put_read_and_delete(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"from a file")
    storage.put_file("a/1/file.jpg", tmp_path / "source")
    storage.put_bytes("a/2.webp", b"from memory")
    assert storage.head("a/1/file.jpg") == 11
    with storage.open("a/2.webp") as file:
        assert file.read() == b"from memory"
    storage.fetch("a/1/file.jpg", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"from a file"
    assert list(storage.list("a")) == ["a/2.webp", "a/1/file.jpg"]
    storage.delete("a/2.webp")
    storage.delete("a/2.webp")
    assert storage.head("a/2.webp") is None
    storage.delete_prefix("a")
    assert list(storage.list("")) == []
    with pytest.raises(ObjectMissing):
        storage.open("a/1/file.jpg")
    with pytest.raises(ObjectMissing):
        storage.local_path("a/1/file.jpg")


def test_put_replaces_what_was_there(storage: Storage) -> None:
    storage.put_bytes("x", b"old")
    storage.put_bytes("x", b"new and longer")
    with storage.open("x") as file:
        assert file.read() == b"new and longer"


def test_a_failed_write_leaves_the_old_object_and_nothing_else(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes("x/y", b"old")
    with pytest.raises(FileNotFoundError):
        storage.put_file("x/y", tmp_path / "absent")
    assert [path.name for path in (tmp_path / "root" / "x").iterdir()] == ["y"]
    with storage.open("x/y") as file:
        assert file.read() == b"old"


def test_a_whole_folder_moves_in_and_replaces_the_one_before(storage: Storage, tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        folder = tmp_path / f"{attempt}.tmp"
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file.m4s").write_text(attempt)
        (folder / f"{attempt}.m3u8").write_text(attempt)
        storage.put_tree("video/7", folder)
        assert not folder.exists()
    assert sorted(storage.list("video/7")) == ["video/7/deep/file.m4s", "video/7/second.m3u8"]
    assert [path.name for path in (tmp_path / "root" / "video").iterdir()] == ["7"]


def test_a_folder_with_a_link_in_it_is_refused_whole(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "secret.jpg").symlink_to("/etc/passwd")
    with pytest.raises(BadKey):
        storage.put_tree("video/7", folder)
    assert list(storage.list("")) == []


PATH_TRICKS = ["/etc/passwd", "../x", "a/../../x", "a//b", "a/", "a/.", "a/..", ".hidden", "a/.tmp-1", "%2e%2e/x"]
STRANGE_CHARACTERS = ["", "A", "a\\b", "a\n", "é", "a b", "a\x00b", "a" * 513]


@pytest.mark.parametrize("key", [*PATH_TRICKS, *STRANGE_CHARACTERS])
def test_tricks_in_keys_are_refused(storage: Storage, tmp_path: Path, key: str) -> None:
    with pytest.raises(BadKey):
        storage.put_bytes(key, b"x")
    with pytest.raises(BadKey):
        storage.head(key)
    with pytest.raises(BadKey):
        storage.delete_prefix(key)
    assert not (tmp_path / "root").exists()


def test_a_token_names_its_viewer_until_it_expires() -> None:
    token = sign(SECRET, prefix="video/7", viewer_id=42, expires_at=LATER)
    assert token.count(".") == 2
    assert verify(SECRET, token, prefix="video/7", now=NOW) == 42
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
