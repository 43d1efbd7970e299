"""`./manage.py evaluate`: explanations measured without people, beside published figures and baselines."""

from collections.abc import Collection
from pathlib import Path

import click

from commands.options import launcher_option, study_option
from commands.progress import progress
from commands.stimuli import loaded_networks
from definition import Definition
from stimuli.evaluate_config import METRIC_NAMES


@click.command()
@study_option
@click.option(
    "--metrics",
    multiple=True,
    type=click.Choice(METRIC_NAMES),
    help="May be given several times; without it those of [evaluate], or all.",
)
@launcher_option
@click.option("--out", default=Path("evaluation"), show_default=True, type=click.Path(path_type=Path))
@click.pass_context
def evaluate(ctx: click.Context, definition: Definition, metrics: tuple[str, ...], launcher: str, out: Path) -> None:
    """Measure the study's explanations without people: a page, and columns beside the stimuli.

    Localization, pointing, faithfulness and more, each beside published figures, with 95 % intervals over photographs
    and every choice of [evaluate]. Stopped and started again, it goes on.

    Example: ./manage.py evaluate --study my.toml --metrics localization
    """
    from models.sources import open_split
    from stimuli.evaluate.appearance import spread
    from stimuli.evaluate.columns import require_own_columns, write_columns
    from stimuli.evaluate.metrics.registry import METRICS
    from stimuli.evaluate.run import Asked, evaluate, forget_other_records
    from stimuli.evaluate.summary import Resamples, summarised
    from stimuli.gallery.evaluation import WHAT, write_evaluation
    from stimuli.gallery.folder import require_replaceable
    from stimuli.produce.launchers.launcher import launch_on
    from stimuli.produce.storage import storage_at

    choices, place = definition.evaluate, definition.stimuli.output
    require_replaceable(out, WHAT)
    storage = storage_at(place)
    require_own_columns(storage, place)
    networks = loaded_networks(ctx, definition)
    images = open_split(definition.dataset, definition.dataset.split)
    chosen = set(spread([i.image_id for i in images], choices.images or len(images)))
    asked = Asked(
        [image for image in images if image.image_id in chosen],
        definition.dataset.categories,
        networks,
        _methods(definition, networks),
        definition.methods,
        metrics or choices.metrics or METRIC_NAMES,
        definition.document["dataset"],
    )
    with progress("Photographs") as report:
        records = evaluate(definition.stimuli, choices, asked, storage, launch_on(launcher), report)
    used = [METRICS[name] for name in METRIC_NAMES if name in asked.metrics]
    resamples = Resamples(choices.resamples, choices.seed)
    found = [summarised(m, choices.options_of(m.name), records.rows(m.name), resamples) for m in used]
    title = next(iter(definition.study.title.values()))
    write_evaluation(out, title, found, records, asked, choices)
    told = {"choices": choices.model_dump(mode="json")}
    rows = {metric.name: records.rows(metric.name) for metric in used}
    click.echo(write_columns(storage, definition.request_sha256, used, rows, told))
    forget_other_records(storage, records)
    click.echo(f"Page: {out / 'index.html'}")


def _methods(definition: Definition, networks: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Network → the methods that a task shows of it and that are computed here; says which are not."""
    made = {name for name, method in definition.methods.items() if method.pictures}
    used = {name: [t for t in definition.tasks if name in t.networks] for name in networks}
    methods = {n: sorted({m for task in tasks for m in task.explained_by} - made) for n, tasks in used.items()}
    if made:
        click.echo(f"Left out, because their pictures are made elsewhere: {', '.join(sorted(made))}")
    if not any(methods.values()):
        raise click.ClickException("all pictures are made elsewhere; evaluate needs a method that is computed here")
    return {name: tuple(found) for name, found in methods.items()}


COMMANDS = (evaluate,)
