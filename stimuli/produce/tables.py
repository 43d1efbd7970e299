"""Pictures and maps that were made elsewhere: the table that names them, and what is in their files. Without torch."""

import csv
import difflib
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from contracts.file_names import as_stored, composed
from contracts.text_files import NotTextError, not_commas, read_text
from models.errors import PhotographError
from models.image_files import read_image, stored_picture
from models.photographs import Photograph
from stimuli.config import StimuliConfig
from stimuli.errors import GenerationError
from stimuli.method_config import MethodConfig
from stimuli.produce.array_recipes import draw
from stimuli.produce.pictures import Scores
from stimuli.rendering import AS_IS, Rendering

NEEDED = ("image", "category", "network", "file")
MAPS = (".npy", ".npz")
PLANES = (1, 3)  # of a map: one for all colours, or one for each
Size = tuple[int, int]  # width and height in pixels
Row = Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """One row: the file, and what the network said of the image where the table tells."""

    file: Path
    scores: Scores


@dataclass(frozen=True)
class PictureTable:
    """The pictures or maps of one method. `entries`: (network, image as the table writes it, category) → row."""

    method: str
    path: Path
    entries: Mapping[tuple[str, str, str], Entry]
    rendering: Rendering
    size: Size

    def find(self, network: str, image: Photograph, category: str) -> Entry | None:
        """The row of an image, which the table names by its id or by its file, with or without ending."""
        return next((found for n in _names(image) if (found := self.entries.get((network, n, category)))), None)

    def shows(self, network: str, image: Photograph) -> bool:
        """Whether there is a row of an image and a network, whatever its category."""
        return any((network, name) in self._shown for name in _names(image))

    @cached_property
    def _shown(self) -> set[tuple[str, str]]:
        return {(network, name) for network, name, _ in self.entries}

    def predictions(self, network: str, images: Sequence[Photograph]) -> dict[str, str]:
        """Image id → the network's top category, of those that the table tells."""
        told = {
            name: entry.scores.top_category
            for (of, name, _), entry in self.entries.items()
            if of == network and entry.scores.top_category
        }
        return {i.image_id: category for i in images for name in _names(i) if (category := told.get(name))}

    def ready(self, network: str, image: Photograph, category: str) -> tuple[np.ndarray, Scores]:
        """The picture (H, W, 3) uint8, as it is or drawn from its map, and the network's scores of the table.

        Raises GenerationError and PhotographError where a file is damaged.
        """
        entry = self.find(network, image, category)
        assert entry is not None, "select takes images that have a picture"
        if self.rendering.facts.is_finished:
            return np.asarray(read_image(entry.file)), entry.scores
        photograph = read_image(image.path).resize(self.size, Image.Resampling.BILINEAR)
        return draw(read_map(entry.file), self.rendering, np.asarray(photograph)), entry.scores


def read_tables(methods: Mapping[str, MethodConfig], used: Sequence[str], config: StimuliConfig) -> list[PictureTable]:
    """The tables of the `used` methods whose pictures were made elsewhere. Raises GenerationError, as `read_table`."""
    return [
        read_table(name, path, config.rendering_of(name))
        for name in dict.fromkeys(used)
        if name in methods and (path := methods[name].pictures)
    ]


def read_table(method: str, path: Path, rendering: Rendering) -> PictureTable:
    """The rows of `path` for `method`; of the files only the headers are read.

    Raises GenerationError where columns or files are missing, rows repeat, or files do not fit the recipe or each
    other in size.
    """
    entries: dict[tuple[str, str, str], Entry] = {}
    for line, row in enumerate(_rows(method, path), 2):
        if empty := [column for column in NEEDED if not row.get(column)]:
            raise GenerationError(f"{path}, line {line}: {', '.join(empty)} is empty; fill it in")
        key = (row["network"], composed(row["image"]), row["category"])
        if row.get("method", method) != method:
            continue
        if key in entries:
            raise GenerationError(f"{path}, line {line}: {', '.join(key)} is there twice; remove one of the rows")
        entries[key] = Entry(as_stored(path.parent, row["file"]), _scores(row, f"{path}, line {line}"))
    if not entries:
        raise GenerationError(f"{path} has no rows for method {method!r}{_methods_of(method, path)}")
    files = list(dict.fromkeys(entry.file for entry in entries.values()))
    if missing := [file for file in files if not file.is_file()]:
        raise GenerationError(
            f"{len(missing)} of {len(files)} files of {path} are missing, the first is {missing[0]};"
            " add them or correct the column file, which is read from the table's folder"
        )
    return PictureTable(method, path, entries, rendering, _common_size(files, rendering, path))


def require_size(tables: Sequence[PictureTable], size: Size | None) -> Size | None:
    """The one size of all `tables`, and of the networks' pictures if they have one. Raises GenerationError."""
    for table in tables:
        if size is not None and table.size != size:
            raise GenerationError(
                f"pictures of one set have one size: those of {table.path} are {words(table.size)}, the others"
                f" {words(size)}; make them again at {words(size)}"
            )
        size = table.size
    return size


def digest(table: PictureTable) -> str:
    """SHA-256 over the table and the bytes of all its files; maps are looked into. Raises GenerationError."""
    total = hashlib.sha256(table.path.read_bytes())
    for file in sorted({entry.file for entry in table.entries.values()}):
        if not table.rendering.facts.is_finished:
            read_map(file)
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def constant_maps(table: PictureTable) -> list[Path]:
    """Maps of one number throughout, which are drawn in plain grey."""
    files = sorted({entry.file for entry in table.entries.values() if entry.file.suffix.lower() in MAPS})
    return [file for file in files if np.ptp(read_map(file)) == 0]


def read_map(file: Path) -> np.ndarray:
    """The one array of a file, as (1 or 3, H, W) float64. Raises GenerationError for what is no map."""
    try:
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.lib.npyio.NpzFile):
            with found:
                if len(found.files) != 1:
                    raise ValueError(f"it holds {len(found.files)} arrays, one is expected")
                found = found[found.files[0]]
    except (OSError, ValueError, EOFError) as error:
        raise GenerationError(f"map {file} cannot be read ({error}); save one array with numpy.save") from error
    if not np.can_cast(found.dtype, float, "same_kind"):
        raise GenerationError(f"map {file} holds {found.dtype}; save real numbers, as with .astype(float)")
    maps = found[None] if found.ndim == 2 else found
    if maps.ndim != 3 or maps.shape[0] not in PLANES or 0 in maps.shape:
        raise GenerationError(_misshapen(file, found.shape))
    if not np.isfinite(maps).all():
        raise GenerationError(f"map {file} holds NaN or infinity; save finite numbers, 0 where there is nothing")
    return maps.astype(float)


def _misshapen(file: Path, shape: tuple[int, ...]) -> str:
    return f"map {file} has the shape {shape}; (H, W), (1, H, W) or (3, H, W) is expected"


def _names(image: Photograph) -> tuple[str, ...]:
    names = image.image_id, image.image_id + image.path.suffix, image.path.name, image.path.stem
    return tuple(map(composed, names))


def _rows(method: str, path: Path) -> Iterator[Row]:
    try:
        reader = csv.DictReader(io.StringIO(read_text(path)), strict=True)
        if missing := [column for column in NEEDED if column not in (reader.fieldnames or ())]:
            there = ", ".join(reader.fieldnames or ()) or "none"
            raise GenerationError(
                f"{path}, the pictures of method {method!r}, lacks the columns {', '.join(missing)}; there are {there}"
                + not_commas(reader.fieldnames or ())
            )
        for row in reader:
            yield {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
    except FileNotFoundError:
        raise GenerationError(
            f"{path}, the pictures of method {method!r}, is missing; correct its name in [methods.{method}]"
        ) from None
    except (NotTextError, csv.Error, OSError) as error:
        raise GenerationError(f"{path} cannot be read ({error}); save it as CSV in UTF-8") from error


def _methods_of(method: str, path: Path) -> str:
    there = sorted({row["method"] for row in _rows(method, path) if row.get("method")})
    near = difflib.get_close_matches(method, there, 3) or there
    return f"; its column method has {', '.join(near)}: write one name" if there else "; add a row for each picture"


def _scores(row: Row, where: str) -> Scores:
    try:
        logit, probability = (float(row[key]) if row.get(key) else None for key in ("logit", "probability"))
    except ValueError as error:
        raise GenerationError(f"{where}: {error}; logit and probability are numbers, or empty") from None
    if (logit is not None and not np.isfinite(logit)) or not 0 <= (probability or 0) <= 1:
        raise GenerationError(f"{where}: logit must be finite, probability from 0 to 1; correct it or leave it empty")
    return Scores(logit, probability, row.get("prediction") or None)


def _common_size(files: Sequence[Path], rendering: Rendering, path: Path) -> Size:
    first = _size(files[0], rendering)
    for file in files:
        if (size := _size(file, rendering)) != first:
            raise GenerationError(
                f"pictures of one set have one size: {file} is {words(size)}, {files[0]} is {words(first)};"
                f" make the files of {path} again at one size"
            )
    return first


def _size(file: Path, rendering: Rendering) -> Size:
    """From the header alone."""
    is_map = file.suffix.lower() in MAPS
    if is_map and rendering.facts.is_finished:
        raise GenerationError(
            f"{file} is a map, and the recipe {AS_IS} shows finished pictures; name a recipe that draws maps, such as"
            " heat-v1, in stimuli.recipes"
        )
    if not is_map and not rendering.facts.is_finished:
        raise GenerationError(
            f"{file} is no map (.npy or .npz), and the recipe {rendering.recipe} draws maps; finished pictures take"
            f' {AS_IS}, as in [stimuli] recipes = {{ NAME = "{AS_IS}" }}'
        )
    if is_map:
        shape = _shape(file)
        if len(shape) == 3 and shape[0] not in PLANES and shape[-1] in PLANES:
            raise GenerationError(_misshapen(file, shape))
        height, width = shape[-2:]
        return width, height
    try:
        return stored_picture(file).upright
    except PhotographError as error:
        raise GenerationError(str(error)) from error


def _shape(file: Path) -> tuple[int, ...]:
    if file.suffix.lower() == ".npy":
        try:
            shape = np.load(file, mmap_mode="r", allow_pickle=False).shape
        except (OSError, ValueError, EOFError):
            shape = ()
        if len(shape) in (2, 3) and 0 not in shape:
            return tuple(shape)
    return read_map(file).shape  # compressed, or it says what is wrong


def words(size: Size) -> str:
    """A size for people."""
    return f"{size[0]} × {size[1]} px"
