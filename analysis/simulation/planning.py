"""What a plan takes to be true: the difference of each comparison, how much people and images differ, who leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from analysis.config import AnalysisConfig, ContrastConfig, PlanningConfig
from analysis.paper import PAPERS
from analysis.simulation.conditions import places_of, shown_in
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, SimulationError
from contracts.conditions import ConditionConfig
from contracts.methods import method_name
from contracts.tasks import KINDS

BAND = (2 / 3, 3 / 2)  # the assumed spreads times these: the band around a power


def world_of(planning: PlanningConfig) -> Psychometrics:
    """The spreads that the definition assumes."""
    return Psychometrics(**planning.model_dump(exclude={"dropout"}))


@dataclass(frozen=True)
class Plan:
    """One task of a study to be: its design (images and ratings come from the grid), the comparisons of the definition,
    of which the task's own are reported and all are corrected for, and what is assumed.

    `world`: the spreads, and means where its `means` name the task's kind. `effect`: of every comparison, as a share of
    the scale; without it the definition's. `dropout`: the share of people who leave at a random point.
    `conditions`: those of the definition; people are divided among them in proportion to the ratings that each takes.
    """

    design: TaskDesign
    analysis: AnalysisConfig
    world: Psychometrics = field(default_factory=Psychometrics)
    effect: float | None = None
    dropout: float = 0.0
    conditions: tuple[ConditionConfig, ...] = ()

    @property
    def compares(self) -> bool:
        """Whether the definition names a comparison of this task."""
        return any(contrast.task == self.design.name for contrast in self.analysis.contrasts)

    @property
    def comparisons(self) -> tuple[ContrastConfig, ...]:
        """Those of this task. Raises SimulationError where there is none."""
        if not (found := tuple(c for c in self.analysis.contrasts if c.task == self.design.name)):
            raise SimulationError(
                f"the definition names no comparison of task {self.design.name!r} ([analysis] contrasts): nothing to"
                " detect"
            )
        return found

    def means(self, contrast: ContrastConfig) -> tuple[Mapping[str, float], str]:
        """The mean of each method that is simulated for a comparison, and who says so.

        Raises SimulationError where nobody named a difference: a plan for an unknown one would mislead.
        """
        kind, pair = ANALYSIS_KINDS[self.design.kind], (contrast.a, contrast.b)
        given = self.world.means.get(self.design.kind, {})
        if self.effect is None and all(method in given for method in pair):
            return given, "means that were given"
        own = self.analysis.smallest_effect_of(contrast, self.design.kind)
        share, source = (self.effect, "--effect") if self.effect else (own, "the smallest effect of interest")
        if share is not None:
            half, middle = share * KINDS[self.design.kind].length / 2, kind.simulation.without_effect
            others = dict.fromkeys((*self.design.methods, *(c.name for c in self.conditions)), middle)
            return others | {contrast.a: middle + half, contrast.b: middle - half}, source
        published = kind.published(PAPERS[self.analysis.paper]) if self.analysis.paper else {}
        if all(method in published for method in pair):
            return published, "the paper's figures"
        raise SimulationError(
            f"no difference is assumed between {contrast.a} and {contrast.b} in task {contrast.task!r}: give --effect,"
            " or smallest_effect in [analysis] or in the contrast (a share of the scale: 0.05 is 5 percentage points of"
            " accuracy, or 0.2 of a score from −2 to 2)"
        )

    def layout(self, design: TaskDesign, contrast: ContrastConfig) -> tuple[TaskDesign, tuple[TaskDesign, ...]]:
        """The task of this size as a comparison sees it, and the part of it that each condition shows.

        Of a comparison of conditions, these are in the place of methods: what one shows is one method, rated as often
        as all of its methods are.
        """
        parts = shown_in(design, self.conditions)
        if contrast.of == "methods":
            return design, parts
        doing = tuple(c.name for c in self.conditions if c.does(design.name))
        named = [
            replace(part, methods=(name,), ratings=part.ratings * len(part.methods))
            for name, part in zip(doing, parts, strict=True)
        ]
        return replace(design, methods=doing), tuple(named)

    def world_for(self, contrast: ContrastConfig, factor: float = 1.0) -> Psychometrics:
        """What is simulated for a comparison, all spreads times `factor`."""
        means, world = self.means(contrast)[0], self.world
        return replace(
            world,
            means={self.design.kind: means},
            participant_sd=factor * world.participant_sd,
            participant_method_sd=factor * world.participant_method_sd,
            image_sd=factor * world.image_sd,
            image_method_sd=factor * world.image_method_sd,
        )


def _of_conditions(plan: Plan) -> list[tuple[ConditionConfig, TaskDesign]]:
    doing = [condition for condition in plan.conditions if condition.does(plan.design.name)]
    return list(zip(doing, shown_in(plan.design, plan.conditions), strict=True))


def assumed(plan: Plan) -> list[str]:
    """Every number that the plan rests on, in sentences."""
    world, scale = plan.world, ANALYSIS_KINDS[plan.design.kind].scale
    lines = [
        f"Assumed for “{plan.design.name}”: standard deviations in logits {world.participant_sd:g} between people,"
        f" {world.participant_method_sd:g} between people by method, {world.image_sd:g} between images,"
        f" {world.image_method_sd:g} between images by method; {plan.dropout:.0%} of people leave at a random point and"
        " nobody replaces their answers; the family of Holm's correction has"
        f" {len(plan.analysis.contrasts)} comparisons, the others of which find nothing."
    ]
    if plan.conditions:
        told = ", ".join(f"{c.name} ({places_of(part):,} responses)" for c, part in _of_conditions(plan))
        lines.append(f"  People are divided among the conditions in proportion to their responses: {told}.")
    for contrast in plan.comparisons:
        means, source = plan.means(contrast)
        a, b = means[contrast.a], means[contrast.b]
        lines.append(
            f"  {method_name(contrast.a)} − {method_name(contrast.b)}: {scale.difference(a - b)} {scale.unit}"
            f" ({scale.level(a)} against {scale.level(b)}; {source})"
        )
    return lines
