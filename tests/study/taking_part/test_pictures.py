"""Pictures leave the server at one length, and are the same pictures."""

import io
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from PIL import Image

from study.taking_part.pictures import padded, read_picture, unpadded
from tests.study.visitor import join


def drawn(size: int, seed: int) -> bytes:
    """The noisier, the longer the file."""
    noise = np.random.default_rng(seed).integers(0, 1 + seed * 8, (size, size, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, "PNG")
    return content.getvalue()


def pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGB").tobytes()


@pytest.mark.parametrize("more", [24, 25, 500, 100_000])
def test_a_padded_picture_has_the_length_asked_for_and_the_same_pixels(more: int) -> None:
    png = drawn(24, 3)
    longer = padded(png, len(png) + more)
    assert len(longer) == len(png) + more
    assert pixels(longer) == pixels(png), "Pillow, which knows nothing of our padding, reads it, checksums included"
    assert unpadded(longer) == unpadded(png) == png


def test_pictures_of_a_set_are_read_at_one_length_also_when_it_grows(tmp_path: Path) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.png").write_bytes(drawn(24, seed))
    assert len({len(read_picture(str(tmp_path), f"{seed}.png")) for seed in range(4)}) == 1
    (tmp_path / "9.png").write_bytes(drawn(24, 9))
    assert len({len(read_picture(str(tmp_path), f"{seed}.png")) for seed in (9, 0, 1, 2, 3)}) == 1


def test_what_participants_get_is_of_one_length(app: Flask, tmp_path: Path) -> None:
    # Files behind the database's back: what is held here is the reply, not the import.
    for shade, path in enumerate(sorted((tmp_path / "stimuli").rglob("*.png"))):
        path.write_bytes(drawn(16, shade % 5))
    visitor = join(app)
    images = [image["url"] for trial in visitor.plan()["trials"] for image in trial["images"]]
    replies = [visitor.client.get(url) for url in images]
    assert len({len(unpadded(reply.data)) for reply in replies}) > 1
    assert len({len(reply.data) for reply in replies}) == 1
