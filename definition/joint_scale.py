"""Pictures that are drawn on one scale: which kinds show several, and what can be drawn so."""

from collections.abc import Iterator, Mapping

from contracts.tasks import KINDS, Kind
from stimuli.config import StimuliConfig
from stimuli.method_config import MethodConfig
from study.config import TaskConfig


def faults_of_joint_scale(
    task: TaskConfig, methods: Mapping[str, MethodConfig], stimuli: StimuliConfig
) -> Iterator[str]:
    """Each in words, with what to do."""
    if not task.joint_scale:
        return
    if fault := _of_kind(KINDS[task.kind]):
        yield f"joint_scale: {fault}; remove it"
        return
    for method in task.explained_by:
        rendering = stimuli.rendering_of(method)
        if (config := methods.get(method)) and config.pictures:
            yield (
                f"joint_scale: the pictures of {method} are made already, each on a scale of its own; remove"
                f" joint_scale, or compute them by methods.{method}.function"
            )
        elif not rendering.facts.can_be_joint:
            yield (
                f"joint_scale: recipe {rendering.recipe!r} of {method} scales each picture by itself; signed-v1,"
                " heat-v1 and overlay-v1 can draw several on one scale"
            )


def _of_kind(kind: Kind) -> str:
    if kind.tiles:
        return f"{kind.name} draws its {kind.tiles} explanations on one scale already"
    return "" if kind.compares_networks else f"{kind.name} shows one explanation at a time, with none beside it"
