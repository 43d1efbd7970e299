"""The notebook in docs/ runs from the first cell to the last."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


@pytest.mark.filterwarnings("default:.*:DeprecationWarning")  # of the Jupyter client's own parts
def test_the_notebook_runs_and_shows_its_tables(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "committed without outputs, which would grow old"
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": NOTEBOOK.parent}}
    )
    client.execute(env=os.environ | {"IPYTHONDIR": str(tmp_path), "JUPYTER_PLATFORM_DIRS": "1"})
    shown = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", ()))
    assert "guided-grad-cam" in shown
    assert "no verdict" in shown, "its participants are simulated"
    assert "participants" in shown
