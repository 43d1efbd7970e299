"""Files that people give: zip archives, texts and small images are read where they are whole, else refused by name."""

import codecs
import struct
import zipfile
from base64 import b64decode
from types import SimpleNamespace

import pytest

from contracts import archives, image_files
from contracts.archives import ArchiveError, is_desktop_file, looks_like_zip, open_zip, size
from contracts.image_files import LONGEST, image_as_text
from contracts.text_files import NotTextError, read_text

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (123_456, "123 kB"),
        (5e6, "5 MB"),
        (8e9, "8 GB"),
        (1e12, "1 TB"),
        (2.5e15, "2,500 TB"),
    ],
)
def test_a_size_is_told_in_three_figures(number, said):
    assert size(number) == said


@pytest.mark.parametrize(
    ("name", "is_left"),
    [
        ("__MACOSX", True),
        (".DS_Store", True),
        ("Thumbs.db", True),
        ("desktop.ini", True),
        ("._a.csv", True),
        ("a.csv", False),
        (".hidden", False),
        ("a._b", False),
    ],
)
def test_what_desktops_leave_is_known_by_its_name(name, is_left):
    assert is_desktop_file(name) is is_left


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.txt", "a" * 1000)
        archive.writestr("second.txt", "b" * 1000)
    return path


def refusal(path):
    with pytest.raises(ArchiveError) as found, open_zip(path) as archive:
        archive.testzip()
    return str(found.value)


def test_a_whole_archive_is_opened(packed, tmp_path):
    assert looks_like_zip(packed)
    with open_zip(packed) as archive:
        assert archive.read("second.txt") == b"b" * 1000
    (tmp_path / "cut.zip").write_bytes(packed.read_bytes()[:40])
    assert looks_like_zip(tmp_path / "cut.zip")
    assert refusal(tmp_path / "cut.zip") == (
        f"{tmp_path / 'cut.zip'} is damaged and cannot be unpacked (File is not a zip file); copy or download it again"
    )
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    assert (tmp_path / "empty.zip").read_bytes()[:4] == b"PK\x05\x06"
    assert looks_like_zip(tmp_path / "empty.zip")
    (tmp_path / "empty.zip").write_bytes(b"PK\x05\x06" + bytes(5))
    assert looks_like_zip(tmp_path / "empty.zip"), "cut off"
    (tmp_path / "text").write_text("PK is no zip")
    assert not looks_like_zip(tmp_path / "text")
    (tmp_path / "program").write_bytes(b"#! a program before it" + packed.read_bytes())
    assert looks_like_zip(tmp_path / "program"), "archives may have something before them"


def test_an_encrypted_archive_is_refused_by_its_first_locked_file(packed):
    content = bytearray(packed.read_bytes())
    second = content.rindex(b"PK\x01\x02")  # the last entry of the directory; its flags are eight bytes on
    content[second + 8] |= 1
    packed.write_bytes(content)
    assert refusal(packed) == f"{packed} is encrypted (second.txt); unpack it with its password and give the folder"


def test_an_archive_may_grow_to_eight_gigabytes_and_by_two_hundred_times_from_a_hundred_megabytes_on():
    assert (archives.MOST_BYTES, archives.SMALL, archives.MOST_TIMES) == (8_000_000_000, 100_000_000, 200)


@pytest.mark.parametrize(
    ("packed_bytes", "unpacked", "is_refused"),
    [
        (4, 1000, False),  # small enough for any share
        (5, 1001, True),
        (6, 1200, False),  # exactly 200 times
        (6, 1201, True),
        (5000, 10_000, False),
        (5000, 10_001, True),
    ],
)
def test_an_archive_that_would_grow_too_much_is_refused(packed_bytes, unpacked, is_refused, monkeypatch):
    monkeypatch.setattr(archives, "SMALL", 1000)
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000)
    path = SimpleNamespace(stat=lambda: SimpleNamespace(st_size=packed_bytes))
    entries = [SimpleNamespace(filename="a", flag_bits=2, file_size=size) for size in (unpacked - 7, 7)]
    archive = SimpleNamespace(infolist=lambda: entries)
    if not is_refused:
        archives._refuse_unreadable(path, archive)
        return
    with pytest.raises(ArchiveError) as found:
        archives._refuse_unreadable(path, archive)
    assert str(found.value) == (
        f"{path} would grow from {size(packed_bytes)} to {size(unpacked)} when unpacked, which no export does;"
        " take the zip file that Discern wrote"
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"plain\n", "plain\n"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (codecs.BOM_UTF8 + "é".encode(), "é"),
        (codecs.BOM_UTF16_LE + "é\r\n".encode("utf-16-le"), "é\n"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é"),
    ],
)
def test_texts_of_every_system_are_read(content, text, tmp_path):
    (tmp_path / "text").write_bytes(content)
    assert read_text(tmp_path / "text") == text


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"ab\xff", "is no text in UTF-8 (byte 3); save it as UTF-8"),
        (b"a\0b", "is no text: it holds NUL characters; name another file, or save it as UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_by_name(content, fault, tmp_path):
    (tmp_path / "binary").write_bytes(content)
    with pytest.raises(NotTextError) as found:
        read_text(tmp_path / "binary")
    assert str(found.value) == f"{tmp_path / 'binary'} {fault}"


def test_a_folder_and_a_device_are_no_text(tmp_path):
    with pytest.raises(NotTextError) as found:
        read_text(tmp_path)
    assert str(found.value) == f"{tmp_path} is a folder; name a file in it"
    for is_character in (True, False):
        device = SimpleNamespace(
            is_dir=lambda: False,
            is_char_device=lambda of=is_character: of,
            is_block_device=lambda of=is_character: not of,
        )
        with pytest.raises(NotTextError) as found:
            read_text(device)
        assert str(found.value) == f"{device} is a device; name a file"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG + b"more", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"RIFF", "webp"),
        (b"<svg/>", "svg+xml"),
        (b"<?xml?>" + b" " * 989 + b"<svg", "svg+xml"),
        (PNG + b"<svg", "png"),
        (PNG + b"x" * (LONGEST - 8), "png"),
    ],
)
def test_a_small_image_becomes_an_address_that_holds_it(content, kind, tmp_path):
    (tmp_path / "image").write_bytes(content)
    start, _, coded = image_as_text(tmp_path / "image").partition(",")
    assert (start, b64decode(coded)) == (f"data:image/{kind};base64", content)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"GIF89a", "it is no SVG, PNG, JPEG or WebP image"),
        (b" " * 997 + b"<svg", "it is no SVG, PNG, JPEG or WebP image"),
        (struct.pack("32769x"), "it has 32769 bytes, at most 32768 are allowed; make the image smaller"),
    ],
)
def test_other_files_and_large_ones_are_no_small_image(content, fault, tmp_path):
    (tmp_path / "image").write_bytes(content)
    with pytest.raises(ValueError, match=r".") as found:
        image_files.image_as_text(tmp_path / "image")
    assert str(found.value) == fault
