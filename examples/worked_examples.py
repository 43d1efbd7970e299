"""The pictures of the worked examples in participants' instructions: real explanations by the demo's networks.

    python examples/worked_examples.py

Two scenes of two emoji each are explained and drawn with the recipe signed-v1 into study/static/examples/. No study
rates them. What is to be seen in them is marked in study/tasks/; look at it again after the networks have changed.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from definition import Definition, load_definition
from models.catalogue import load_network
from models.glyphs import load_glyphs
from models.transform import Transform, preprocess
from stimuli.explain.engine import explain
from stimuli.produce.png import encode_png
from stimuli.produce.render import render
from stimuli.rendering import Rendering

SIDE = 224  # pixels
SKY, GROUND = (170, 195, 215), (130, 150, 110)
Place = tuple[str, int, int, int, int]  # category, its glyph, its size, left and top in pixels
BICYCLE_AND_HORSE: tuple[Place, ...] = (("bicycle", 0, 108, 4, 72), ("horse", 0, 96, 124, 84))
PLANT_AND_DOG: tuple[Place, ...] = (("pottedplant", 0, 104, 0, 64), ("dog", 0, 108, 114, 66))
PICTURES = {
    "bicycle": (BICYCLE_AND_HORSE, "bicycle", "guided-grad-cam", "strong"),
    "dog-a": (PLANT_AND_DOG, "dog", "guided-backprop", "strong"),
    "dog-b": (PLANT_AND_DOG, "dog", "guided-backprop", "weak"),
}


def scene(places: tuple[Place, ...]) -> Image.Image:
    height = np.linspace(0, 1, SIDE)[:, None, None]
    canvas = np.array(SKY) * (1 - height) + np.array(GROUND) * height + np.zeros((SIDE, SIDE, 3))
    picture = Image.fromarray(canvas.astype(np.uint8))
    for category, number, size, left, top in places:
        glyph = load_glyphs(ROOT / "node_modules/emoji-datasource-google", category)[number]
        glyph = glyph.crop(glyph.getchannel("A").getbbox())
        scale = size / max(glyph.size)
        glyph = glyph.resize((round(glyph.width * scale), round(glyph.height * scale)), Image.Resampling.BICUBIC)
        picture.paste(glyph, (left, top), glyph)
    return picture


def explained(demo: Definition, places: tuple[Place, ...], category: str, method: str, network: str) -> np.ndarray:
    """The picture, (SIDE, SIDE, 3) uint8. Raises ValueError where the network sees something else in the scene."""
    categories = demo.dataset.categories
    config = demo.networks[network]
    image = preprocess(scene(places), Transform(SIDE))[None]
    module = load_network(network, config, categories).module
    found = explain(module, image, [[categories.index(category)]], [method], config.target_layer)
    if (seen := categories[int(found.logits[0].argmax())]) != category:
        raise ValueError(f"{network} predicts {seen}, not {category}; the example would not be honest")
    return render(found.maps[method], Rendering("signed-v1"))[0].numpy()


def main() -> None:
    demo = load_definition(ROOT / "examples/demo.toml")
    for name, asked in PICTURES.items():
        file = ROOT / f"study/static/examples/{name}.png"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(encode_png(explained(demo, *asked)))
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
