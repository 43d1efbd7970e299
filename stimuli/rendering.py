"""Which recipe draws maps as pictures, and with which parameters: what a definition says of it."""

from collections.abc import Callable
from dataclasses import dataclass, fields

PARAMETERS = {"percentile": 99.6, "gamma": 0.7, "opacity": 0.8}
"""Each parameter and what it is unless a definition says otherwise."""


@dataclass(frozen=True)
class Recipe:
    """What a recipe takes, apart from the maps. A recipe that draws other pixels gets another name."""

    parameters: tuple[str, ...] = ()
    shows_photograph: bool = False
    is_finished: bool = False  # pictures come finished; nothing is drawn

    @property
    def can_be_joint(self) -> bool:
        """Whether several maps can have one scale. `paper-v1` scales each by itself, as the paper did."""
        return "percentile" in self.parameters


AS_IS = "as-is"
RECIPES: dict[str, Recipe] = {
    "paper-v1": Recipe(),
    "signed-v1": Recipe(("percentile", "gamma")),
    "heat-v1": Recipe(("percentile", "gamma")),
    "overlay-v1": Recipe(("percentile", "gamma", "opacity"), shows_photograph=True),
    AS_IS: Recipe(is_finished=True),
}


@dataclass(frozen=True)
class Rendering:
    """A recipe of RECIPES with its parameters.

    `percentile` of the numbers' sizes is drawn at full strength, what is stronger with it; a size is raised to `gamma`,
    and below 1 that makes weak ones visible; `opacity` is that of the strongest colour over the photograph. `joint`:
    the percentile is that of all maps that a trial may show beside each other, else of each map by itself.
    """

    recipe: str
    percentile: float = PARAMETERS["percentile"]
    gamma: float = PARAMETERS["gamma"]
    opacity: float = PARAMETERS["opacity"]
    joint: bool = False

    @property
    def facts(self) -> Recipe:
        """Of its recipe."""
        return RECIPES[self.recipe]

    @property
    def parameters(self) -> dict[str, float]:
        """Those that its recipe takes."""
        taken = self.facts.parameters
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name in taken}

    @property
    def label(self) -> str:
        """The recipe's name and parameters, as they are in a picture's identity."""
        told = (f"{name}={value:g}" for name, value in self.parameters.items())
        return " ".join([self.recipe, *told, *(["joint"] if self.joint else [])])


RenderingOf = Callable[[str], Rendering]
"""From a method's name to how its maps are drawn."""
