"""Pictures of one length: the padding as the PNG specification has chunks, and as it comes off again."""

import zlib

import pytest

from study.taking_part.pictures import PADDING, padded, read_picture, unpadded
from tests.study.samples import png


def test_pictures_are_filled_up_to_the_longest_of_their_folder(tmp_path):
    for name, shade in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(png(shade))
    longer = png(3)[:-12] + png(4)[-40:-12] + png(3)[-12:]
    (tmp_path / "b" / "longer.png").write_bytes(longer)
    sizes = [len(read_picture(str(tmp_path), f"{file}.png")) for file in ("a/x", "b/x", "b/longer")]
    assert sizes == [len(longer) + 12] * 3
    (tmp_path / "b" / "longest.png").write_bytes(longer + b"more")
    assert len(read_picture(str(tmp_path), "b/longest.png")) == len(longer) + 16
    with pytest.raises(FileNotFoundError):
        read_picture(str(tmp_path), "c.png")


@pytest.mark.parametrize("extra", [12, 13, 300])
def test_a_padding_chunk_stands_before_the_end_and_comes_off_again(extra):
    """The chunk as the PNG specification has it: length, kind, content, CRC of kind and content."""
    plain = png(7)
    size = extra - 12
    chunk = size.to_bytes(4, "big") + b"paDd" + bytes(size) + zlib.crc32(b"paDd" + bytes(size)).to_bytes(4, "big")
    filled = padded(plain, len(plain) + extra)
    assert filled == plain[:-12] + chunk + plain[-12:]
    assert unpadded(filled) == plain
    assert PADDING == b"paDd"


def test_a_picture_that_holds_the_chunk_s_name_itself_comes_out_whole():
    """In a text chunk; the last chunk of that name is the padding."""
    named = png(7)[:33] + b"\0\0\0\x04tEXtpaDd\0\0\0\0" + png(7)[33:]
    assert unpadded(padded(named, len(named) + 50)) == named


def test_a_picture_without_padding_stays_as_it_is():
    plain = png(7)
    assert unpadded(plain) == plain
    inside = plain[:-12] + b"\0\0\0\x05paDd" + bytes(3) + plain[-12:]
    assert unpadded(inside) == inside, "the length does not fit"
    assert unpadded(b"paDd" + plain) == b"paDd" + plain
    assert unpadded(b"\0\0\0\0paDd\0\0\0\0" + plain[-12:]) == plain[-12:]
    ending = plain[:-12] + b"\0\0\0\0paDd"
    assert unpadded(ending) == ending
