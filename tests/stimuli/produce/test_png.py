"""A picture goes into its file whole, with nothing else, and in no more bytes than another encoder needs."""

import io

import numpy as np
import pytest
from PIL import Image

from stimuli.produce.png import encode_png

RANDOM = np.random.default_rng(5)
PICTURES = {
    "noise": RANDOM.integers(0, 256, (33, 47, 3), dtype=np.uint8),
    "noise about grey": RANDOM.normal(128, 20, (64, 64, 3)).clip(0, 255).astype(np.uint8),
    "flat": np.full((20, 30, 3), 128, np.uint8),
    "one pixel": np.array([[[255, 0, 1]]], np.uint8),
    "turned": RANDOM.integers(0, 256, (3, 8, 5), dtype=np.uint8).transpose(1, 2, 0),
}


@pytest.mark.parametrize("name", PICTURES)
def test_another_library_reads_the_very_pixels(name):
    with Image.open(io.BytesIO(encode_png(PICTURES[name]))) as decoded:
        assert (decoded.mode, decoded.info) == ("RGB", {})
        assert (np.asarray(decoded) == PICTURES[name]).all()


def test_a_picture_carries_its_pixels_and_nothing_else():
    png = encode_png(PICTURES["noise"])
    chunks, place = [], 8
    while place < len(png):
        chunks.append(png[place + 4 : place + 8])
        place += 12 + int.from_bytes(png[place : place + 4], "big")
    assert chunks == [b"IHDR", b"IDAT", b"IEND"]
    assert encode_png(PICTURES["noise"].copy()) == png


def test_a_picture_of_noise_about_grey_is_no_larger_than_pillow_writes_it():
    pillow = io.BytesIO()
    Image.fromarray(PICTURES["noise about grey"]).save(pillow, "PNG", compress_level=6)
    assert len(encode_png(PICTURES["noise about grey"])) <= len(pillow.getvalue())
