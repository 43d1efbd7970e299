"""Pictures of one length, inside too: empty blocks as RFC 1951 has them, and as they come off again."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from study.rehearsal.blind_features import chunks
from study.taking_part.pictures import _exchanged, padded, read_picture, unpadded
from tests.study.samples import png


def noisy(size: int, seed: int) -> bytes:
    """By Pillow, whose encoder is not ours; the noisier, the longer."""
    noise = np.random.default_rng(seed).integers(0, 1 + seed * 8, (size, size, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, "PNG")
    return content.getvalue()


def compressed(picture: bytes) -> bytes:
    return b"".join(content for kind, content in chunks(picture) if kind == b"IDAT")


def test_pictures_are_filled_up_to_the_longest_of_their_folder_in_every_part(tmp_path):
    """What a program reads of a file's parts without decoding it: their kinds, and how many bytes each has."""
    for seed in range(5):
        (tmp_path / str(seed)).mkdir()
        (tmp_path / str(seed) / "x.png").write_bytes(noisy(40, seed))
    shown = [read_picture(str(tmp_path), f"{seed}/x.png") for seed in range(5)]
    assert len({len(noisy(40, seed)) for seed in range(5)}) == 5
    assert len({tuple((kind, len(content)) for kind, content in chunks(picture)) for picture in shown}) == 1
    with pytest.raises(FileNotFoundError):
        read_picture(str(tmp_path), "c.png")


@pytest.mark.parametrize("more", range(24, 36))
def test_any_number_of_bytes_can_be_filled_and_comes_off_again(more: int) -> None:
    """zlib and Pillow, which know nothing of us, find the same pixels."""
    plain = png(7)
    filled = padded(plain, len(plain) + more)
    assert len(filled) == len(plain) + more
    assert zlib.decompress(compressed(filled)) == zlib.decompress(compressed(plain))
    with Image.open(io.BytesIO(filled)) as picture, Image.open(io.BytesIO(plain)) as original:
        assert picture.tobytes() == original.tobytes()
    assert unpadded(filled) == plain
    assert unpadded(plain) == plain


def test_pixels_in_several_chunks_come_off_as_they_were() -> None:
    long = noisy(200, 30)
    assert [kind for kind, _ in chunks(long)].count(b"IDAT") > 1
    assert unpadded(padded(long, len(long) + 999)) == long


def test_empty_blocks_that_the_encoder_wrote_stay() -> None:
    """A full flush writes a block without content (zlib's manual)."""
    plain = png(7)
    encoder, pixels = zlib.compressobj(), zlib.decompress(compressed(plain))
    parts = [encoder.compress(pixels[:5]), encoder.flush(zlib.Z_FULL_FLUSH), encoder.flush(zlib.Z_FULL_FLUSH)]
    parts += [encoder.compress(pixels[5:]), encoder.flush()]
    flushed = _exchanged(plain, plain.index(b"IDAT") - 4, len(compressed(plain)), b"".join(parts))
    assert unpadded(padded(flushed, len(flushed) + 99)) == flushed


def test_what_has_no_pixels_is_no_picture() -> None:
    for broken in (b"", b"not a picture at all", png(1)[:33]):
        with pytest.raises(ValueError, match=r"^a picture without pixels is no PNG$"):
            padded(broken, 10_000)
