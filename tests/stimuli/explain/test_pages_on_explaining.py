"""The code of the page and of the notebook on `stimuli.explain` runs from the first line to the last."""

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import torch

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "how-to" / "explain-your-own-network.md").read_text(encoding="utf-8")


def test_the_pages_code_runs_and_says_what_it_promises(capsys):
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(block, names)
        if "total" in names:
            difference = names["network"](names["pictures"]) - names["network"](names["black"].unsqueeze(0))
            expected = torch.stack([difference[0, 3], difference[1, 7]])
            torch.testing.assert_close(names.pop("total"), expected, rtol=0.05, atol=0.005)
    printed = capsys.readouterr().out
    assert printed.strip()
    assert printed.strip() in PAGE


def test_the_code_of_the_page_on_captions_and_answers_runs():
    """Its networks stand in for those of Hugging Face: the same inputs by name, and answers in an object."""
    names = {}
    page = (DOCS / "how-to" / "your-own-captioner.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(block, names)
    assert names["ratio"].count + names["ratio"].undefined == names["hits"].count + names["hits"].undefined == 4


def test_the_notebooks_cells_run_and_the_maps_are_where_the_squares_are(monkeypatch):
    notebook = json.loads((DOCS / "explain.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells), "committed without outputs"
    monkeypatch.chdir(DOCS)
    monkeypatch.syspath_prepend(str(DOCS.parent))
    names = {}
    for cell in cells:
        exec("".join(cell["source"]), names)
    plt.close("all")
    for name, maps in names["found"].maps.items():
        brightest = [divmod(int(strength.argmax()), 64) for strength in maps.abs().sum(1)]
        (red_y, red_x), (blue_y, blue_x) = brightest
        assert max(red_y, red_x) < 32 <= min(blue_y, blue_x), name
    assert min(names["shares"]["Grad-CAM"]) > 0.99
    assert names["signed"][0, 0].max() > 0.0 == names["signed"][0, 0].min()
    assert names["signed"][0, 2].min() < 0.0 == names["signed"][0, 2].max()
