"""The networks of a set: loaded here, or known by name alone because their pictures were made elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from contracts.foils import FOILS
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import GenerationError
from stimuli.produce.tables import PictureTable, require_size
from stimuli.tasks.kind import Predicted

if TYPE_CHECKING:
    from models.catalogue import LoadedNetwork


@dataclass(frozen=True)
class NetworkElsewhere:
    """A network that only tables of pictures name."""

    name: str
    sha256: str = ""
    target_layer: str = ""


Network = Union["LoadedNetwork", NetworkElsewhere]
Tables = Mapping[str, PictureTable]
NO_TABLES: Tables = {}


def used_networks(
    requests: Sequence[StimulusRequest],
    networks: Mapping[str, "LoadedNetwork"],
    categories: Sequence[str],
    tables: Tables = NO_TABLES,
) -> dict[str, Network]:
    """The networks that a request names; one that is not loaded only where its pictures are all in `tables`.

    Raises GenerationError where they do not fit the study, each other or the pictures.
    """
    if not requests:
        raise GenerationError("no task asks for stimuli; the definition needs at least one [[tasks]]")
    names = list(dict.fromkeys(name for request in requests for name in request.networks))
    computed = {name for r in requests for name in r.networks if not set(r.methods) <= set(tables)}
    if unknown := [name for name in names if name not in networks and name in computed]:
        raise GenerationError(f"no network {', '.join(unknown)} is loaded; there are {', '.join(networks) or 'none'}")
    loaded = {name: networks[name] for name in names if name in networks}
    if loaded and (elsewhere := [name for name in names if name not in loaded]):
        raise GenerationError(
            f"[networks] has {', '.join(loaded)}, but not {', '.join(elsewhere)}; add it there, or leave [networks] out"
            " where all pictures are made elsewhere"
        )
    _require_alike(loaded, categories)
    sizes = {(network.transform.image_size, network.transform.image_size) for network in loaded.values()}
    require_size(list(tables.values()), next(iter(sizes), None))
    return {name: loaded.get(name) or NetworkElsewhere(name) for name in names}


def _require_alike(used: Mapping[str, "LoadedNetwork"], categories: Sequence[str]) -> None:
    for name, network in used.items():
        if missing := [category for category in categories if category not in network.categories]:
            raise GenerationError(
                f"network {name!r} was not trained on {', '.join(missing)}; it knows {', '.join(network.categories)}."
                " Take them out of dataset.categories or train the network on them"
            )
    if len({(network.transform.image_size, network.transform.resize) for network in used.values()}) > 1:
        raise GenerationError(
            "pictures of one set have one size and show one part of a photograph; set the same image_size, crop and"
            f" resize for {', '.join(used)}"
        )
    if len({(network.sha256, network.target_layer) for network in used.values()}) < len(used):
        raise GenerationError(f"two of the networks {', '.join(used)} are one checkpoint with one target layer")


def told_predictions(
    requests: Sequence[StimulusRequest], images: Sequence[Photograph], tables: Tables
) -> dict[str, dict[str, Predicted]]:
    """Network → image id → the top category that a table tells, or nothing, for `requests` that need predictions.

    Raises GenerationError where no table tells any of a network.
    """
    found = {}
    for request in requests:
        if FOILS[request.foil].needs_predictions:
            raise GenerationError(
                f'task {request.task!r} has foil = "{request.foil}", which scores of its networks decide, and none is'
                ' described in [networks]; describe them, or set foil = "table"'
            )
        of_task = [tables[method] for method in request.methods if method in tables] or list(tables.values())
        for name in request.networks:
            told = {key: top for table in of_task for key, top in table.predictions(name, images).items()}
            if not told:
                files = " or ".join(dict.fromkeys(table.path.name for table in of_task))
                raise GenerationError(
                    f"task {request.task!r} chooses images by what network {name!r} predicts, and no table tells;"
                    f" add a column prediction to {files}, or describe the network in [networks.{name}]"
                )
            found[name] = {image.image_id: Predicted(told.get(image.image_id, ""), ()) for image in images}
    return found


def network_told(network: Network) -> dict[str, Any]:
    """For the provenance. A network from elsewhere has no checkpoint, which its empty hash says."""
    if isinstance(network, NetworkElsewhere):
        return {"checkpoint_sha256": network.sha256}
    return {
        "checkpoint_sha256": network.sha256,
        "architecture": network.architecture,
        "target_layer": network.target_layer,
        "layout": network.layout,
        "categories": list(network.categories),
        **({"labels": "torchvision"} if network.named_by_torchvision else {}),
        "mean_average_precision": network.mean_average_precision,
        "transform": network.transform.facts,
    }
