"""X-5: what only a bucket has: signed links that end, servers that stop in the middle, neighbours."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from boto3.s3.transfer import TransferConfig

from backoffice.integrations.storage import s3
from backoffice.integrations.storage.base import StorageAway
from backoffice.integrations.storage.s3 import S3Storage, origin
from tests.factories.s3 import BUCKET, S3Server, get

MIB = 1024 * 1024
ENDS_WITHIN_S = 30


@pytest.fixture(scope="module")
def bucket(s3_server: S3Server) -> S3Storage:
    return S3Storage(BUCKET, endpoint_url=s3_server.url, prefix="links")


def test_a_link_opens_one_object_whole_or_a_range_of_it(bucket: S3Storage) -> None:
    bucket.put_bytes("video/7/360p.mp4", bytes(range(256)))
    link = bucket.url("video/7/360p.mp4", seconds=60)
    status, headers, body = get(link)
    assert (status, body) == (200, bytes(range(256)))
    assert headers["content-type"] == "video/mp4"
    status, headers, body = get(link, {"Range": "bytes=16-31"})
    assert (status, body, headers["content-range"]) == (206, bytes(range(16, 32)), "bytes 16-31/256")


def test_a_changed_link_and_no_link_open_nothing(bucket: S3Storage) -> None:
    for key in ("video/7/360p.mp4", "video/8/360p.mp4"):
        bucket.put_bytes(key, b"x")
    link = bucket.url("video/7/360p.mp4", seconds=60)
    assert get(link)[0] == 200
    for changed in (
        link.replace("/video/7/", "/video/8/"),
        link.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        link.partition("?")[0],
    ):
        assert changed != link
        assert get(changed)[0] == 403


def test_a_link_ends(bucket: S3Storage) -> None:
    bucket.put_bytes("video/7/360p.mp4", b"x")
    link = bucket.url("video/7/360p.mp4", seconds=1)
    until = time.monotonic() + ENDS_WITHIN_S
    while get(link)[0] != 403:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_link_lasts_no_longer_than_signatures_can(bucket: S3Storage) -> None:
    assert "X-Amz-Expires=604800&" in bucket.url("x", seconds=10**9)
    assert "X-Amz-Expires=1&" in bucket.url("x", seconds=-5)


def test_what_is_no_product_of_ours_is_handed_out_as_a_file(bucket: S3Storage, s3_server: S3Server) -> None:
    bucket.put_bytes("export/1.csv", b"a,b")
    kept = s3_server.client().head_object(Bucket=BUCKET, Key="links/export/1.csv")
    assert (kept["ContentType"], kept["ContentDisposition"]) == ("application/octet-stream", "attachment")
    link = bucket.url("export/1.csv", seconds=60, filename="сто рублей.csv", mimetype="text/csv")
    assert "filename%2A%3DUTF-8%27%27%25D1%2581" in link
    assert "response-content-type=text%2Fcsv" in link


def test_links_lead_to_the_address_that_browsers_know(s3_server: S3Server) -> None:
    storage = S3Storage(BUCKET, endpoint_url=s3_server.url, public_url="https://media.lectern.example", prefix="a")
    address = urlsplit(storage.url("x", seconds=60))
    assert (address.scheme, address.netloc, address.path) == ("https", "media.lectern.example", f"/{BUCKET}/a/x")


def test_pages_are_told_where_objects_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert origin("shop", endpoint_url="http://127.0.0.1:9000") == "http://127.0.0.1:9000"
    assert origin("shop", region="eu-north-1") == "https://shop.s3.eu-north-1.amazonaws.com"


def test_neighbours_in_the_bucket_are_left_alone(bucket: S3Storage, s3_server: S3Server, tmp_path: Path) -> None:
    neighbours = ["links2/video/1/x", "other", "links/Notes Of Somebody.txt"]
    for name in neighbours:
        s3_server.client().put_object(Bucket=BUCKET, Key=name, Body=b"theirs")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "x").write_bytes(b"ours")
    bucket.put_tree("video/1", tmp_path / "tree")
    assert all(key.startswith(("video/", "export/")) for key in bucket.list(""))
    bucket.delete_prefix("video")
    for name in neighbours:
        assert s3_server.client().head_object(Bucket=BUCKET, Key=name)["ContentLength"] == 6


def test_a_large_file_goes_in_parts_and_who_reports_may_stop_it(
    bucket: S3Storage, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, use_threads=False)
    monkeypatch.setattr(s3, "_TRANSFER", small)
    monkeypatch.setattr(s3, "TELL_EVERY_S", 0)
    folder = tmp_path / "tree"
    folder.mkdir()
    content = b"0123456789abcdef" * (11 * MIB // 16)
    (folder / "1080p.mp4").write_bytes(content)
    told = 0

    def stop() -> None:
        nonlocal told
        told += 1
        if told == 3:
            raise LookupError("the lease is lost")

    with pytest.raises(LookupError, match="the lease is lost"):
        bucket.put_tree("video/9", folder, on_progress=stop)
    assert list(bucket.list("video/9")) == []
    assert not s3_server.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    assert (folder / "1080p.mp4").exists()

    bucket.put_tree("video/9", folder)
    with bucket.open("video/9/1080p.mp4") as file:
        assert file.read() == content
    bucket.fetch("video/9/1080p.mp4", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == content


def test_a_server_that_stops_in_the_middle_can_be_asked_again(
    tmp_path: Path, stoppable_s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "TELL_EVERY_S", 0)
    server = stoppable_s3
    bucket = S3Storage(BUCKET, endpoint_url=server.url)
    bucket.put_bytes("video/1/stale.mp4", b"of an attempt before")
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in ("audio.mp4", "360p.mp4", "360p.m3u8", "master.m3u8"):
        (folder / name).write_text(name)

    def stop_the_server() -> None:
        if list(bucket.list("video/1")) != ["video/1/stale.mp4"]:
            server.stop()

    with pytest.raises(StorageAway):
        bucket.put_tree("video/1", folder, on_progress=stop_the_server)
    for attempt in (
        lambda: bucket.head("video/1/360p.mp4"),
        lambda: bucket.open("video/1/360p.mp4"),
        lambda: bucket.put_bytes("x", b"x"),
        lambda: list(bucket.list("")),
        lambda: bucket.delete("x"),
    ):
        with pytest.raises(StorageAway):
            attempt()
    server.start()
    # What names the others is not among what had come.
    assert set(bucket.list("video/1")) == {"video/1/stale.mp4", "video/1/360p.mp4"}
    bucket.put_tree("video/1", folder)
    kept = {f"video/1/{name}" for name in ("audio.mp4", "360p.mp4", "360p.m3u8", "master.m3u8")}
    assert set(bucket.list("video/1")) == kept
    assert not folder.exists()


def test_a_line_that_breaks_inside_an_object_is_said(stoppable_s3: S3Server, tmp_path: Path) -> None:
    bucket = S3Storage(BUCKET, endpoint_url=stoppable_s3.url)
    (tmp_path / "large").write_bytes(b"0123456789abcdef" * (2 * MIB))
    bucket.put_file("video/1/1080p.m4s", tmp_path / "large")
    with bucket.open("video/1/1080p.m4s") as file:
        assert file.read(16) == b"0123456789abcdef"
        stoppable_s3.stop()
        with pytest.raises(StorageAway):
            file.read()


def test_a_bucket_that_refuses_us_is_away(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not the secret")
    stranger = S3Storage(BUCKET, endpoint_url=s3_server.url)
    with pytest.raises(StorageAway, match="SignatureDoesNotMatch"):
        stranger.put_bytes("x", b"x")
    with pytest.raises(StorageAway):
        S3Storage("no-such-bucket", endpoint_url=s3_server.url).put_bytes("x", b"x")
