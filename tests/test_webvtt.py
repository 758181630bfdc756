"""Captions are read, cleaned or refused with the number of the line (C-4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice import webvtt
from backoffice.errors import Refused

SRT = """1
00:00:01,000 --> 00:00:02,500
Первая строка
и вторая

2
00:00:03,000 --> 00:00:04,000
Вторая
"""
CLEAN = """WEBVTT

00:00:01.000 --> 00:00:02.500
Первая строка
и вторая

00:00:03.000 --> 00:00:04.000
Вторая
"""


def cue(text: str, times: str = "00:01.000 --> 00:02.000") -> bytes:
    return f"WEBVTT\n\n{times}\n{text}\n".encode()


def text_of(text: str) -> str:
    """What is kept of the text of one caption."""
    [kept] = webvtt.cues_of(webvtt.clean(cue(text)).text)
    return kept.text


def refusal(data: bytes) -> tuple[str, int | None]:
    with pytest.raises(Refused) as refused:
        webvtt.clean(data)
    assert refused.value.data["field"] == "captions"
    if refused.value.data["line"] is not None:
        assert f"Line {refused.value.data['line']}:" in str(refused.value.message)
    return refused.value.code.removeprefix("captions."), refused.value.data["line"]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (SRT.encode(), "utf-8"),
        (SRT.encode("utf-8-sig"), "utf-8"),
        (SRT.encode("utf-16"), "utf-16"),
        (SRT.encode("utf-16-le"), "utf-16"),
        (SRT.encode("utf-16-be"), "utf-16"),
        (SRT.encode("cp1251"), "windows-1251"),
        (SRT.replace("\n", "\r\n").encode(), "utf-8"),
        (SRT.replace("\n", "\r").encode(), "utf-8"),
        (SRT.replace("1\n00", "00", 1).replace("2\n00", "00", 1).encode(), "utf-8"),
        (CLEAN.encode(), "utf-8"),
    ],
)
def test_c4_srt_and_webvtt_in_the_encodings_of_people(data: bytes, encoding: str) -> None:
    assert webvtt.clean(data) == webvtt.Captions(CLEAN, 2, encoding)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<i>a</i> <b>b</b> <u>c</u>", "<i>a</i> <b>b</b> <u>c</u>"),
        ("<v.loud Anna>Hello</v>", "<v Anna>Hello</v>"),
        ("<v Anna <script>>", "&lt;v Anna &gt;"),
        ("<script>alert(1)</script>", "alert(1)"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ("<img src=x onerror=alert(1)>y", "y"),
        ("<c.yellow.bg_blue>z</c>", "z"),
        ('<font color="red">r</font>{\\an8}', "r"),
        ("<00:00:01.500>karaoke", "karaoke"),
        ("<i>never <b>closed", "<i>never <b>closed</b></i>"),
        ("<i>a</b></i></i>", "<i>a</i>"),
        ("2 < 3 > 1 & so <on", "2 &lt; 3 &gt; 1 &amp; so &lt;on"),
        ("&amp; &lt;b&gt; &#10; &#x202e;", "&amp; &lt;b&gt; &amp;#10; &amp;#x202e;"),
        ("a\u202eb\u0007c", "abc"),
    ],
)
def test_c4_of_the_marks_only_safe_ones_are_kept(written: str, kept: str) -> None:
    assert text_of(written) == kept


def test_c4_styles_regions_notes_and_places_off_the_picture_are_left_out() -> None:
    data = (
        b"WEBVTT - made by hand\nX-TIMESTAMP-MAP=LOCAL:0\n\nSTYLE\n::cue { background: url(http://evil.example) }\n\n"
        b"REGION\nid:fred\n\nNOTE secret\n\nfirst\n"
        b"00:01.000 --> 00:02.000 region:fred align:start line:90% line:10% position:x onload:1\nHello\n"
    )
    assert webvtt.clean(data).text == "WEBVTT\n\n00:00:01.000 --> 00:00:02.000 align:start line:10%\nHello\n"


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty", None),
        (b"WEBVTT\n", "empty", None),
        (b"hello, I am no captions", "time_missing", 1),
        (b"\x98\x81\xff\x98", "encoding", None),
        (b"\xff\xfea", "encoding", None),
        (cue("x", "00:01 --> 00:02"), "time", 3),
        (cue("x", "00:01.000 --> 00:61.000"), "time", 3),
        (cue("x", "00:02.000 --> 00:02.000"), "time", 3),
        (cue("x", "99:00:00.000 --> 99:00:01.000"), "time", 3),
        (cue("x\n00:03.000 --> 00:04.000\ny"), "gap_missing", 5),
        (b"WEBVTT\n00:03.000 --> 00:04.000\nx", "gap_missing", 2),
        (cue("x" * 1001), "too_long", 3),
        (cue("<c>" * 5000), "too_long", 3),
        (SRT.encode() + b"\n3\n00:00:02,000 --> 00:00:05,000\nearlier\n", "order", 11),
        (cue("a\n\n") + b"00:01.000 --> 00:09.000\nb\n\n" * 3, "overlap", 13),
        (b"x" * (webvtt.BYTES_MAX + 1), "too_large", None),
    ],
)
def test_c4_what_cannot_be_read_is_refused_with_its_line(data: bytes, code: str, line: int | None) -> None:
    assert refusal(data) == (code, line)


def many(count: int) -> bytes:
    """So many captions of a second each, as SRT."""
    seconds = (f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(count))
    return "\n".join(f"{n}\n{at},000 --> {at},900\n<i>{n}\n" for n, at in enumerate(seconds)).encode()


def test_c4_ten_thousand_captions_are_read_and_not_one_more() -> None:
    assert webvtt.clean(many(10_000)).cues == 10_000
    assert refusal(many(10_001)) == ("too_many", 40_002)


@pytest.mark.parametrize(
    "hostile",
    [
        b"<" * 1_400_000,
        b"<a" * 700_000,
        b"{\\" * 700_000,
        b"&amp" * 350_000,
        b"\n" * 1_400_000,
        b"<v " + b" " * 1_400_000,
    ],
)
def test_c4_a_hostile_line_is_refused_soon(hostile: bytes) -> None:
    """Without atomic patterns and limits these take minutes or megabytes."""
    assert refusal(cue(hostile.decode()))[0] in ("too_long", "empty")


@given(st.text(alphabet="<>/bivuc &;amplt{}\\-.:01 \nя\u202e", max_size=200))
def test_c4_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    try:
        once = webvtt.clean(cue(text))
    except Refused:
        return
    assert webvtt.clean(once.text.encode()) == once
    assert len(webvtt.cues_of(once.text)) == once.cues


def test_l6_two_versions_are_compared_by_their_captions() -> None:
    before, after = (webvtt.cues_of(text) for text in (CLEAN, CLEAN.replace("Вторая\n", "Другая\n")))
    assert [(line.kind, line.cue.plain) for line in webvtt.compare(before, after)] == [
        ("equal", "Первая строка и вторая"),
        ("removed", "Вторая"),
        ("added", "Другая"),
    ]
