"""`./manage.py gallery`: the stimuli of a study on one page, for researchers."""

from pathlib import Path

import click

from commands.options import photographs_as_seen, require_same_request, study_option, with_local_stimuli
from definition import Definition


@click.command()
@study_option
@click.option(
    "--photographs",
    "most",
    default=60,
    show_default=True,
    type=click.IntRange(1),
    help="Of each method and network, at most.",
)
@click.option("--out", default=Path("gallery"), show_default=True, type=click.Path(path_type=Path))
def gallery(definition: Definition, most: int, out: Path) -> None:
    """Write a page of the stimuli, to look at before people do: filtered, with photographs and measures.

    Example: ./manage.py gallery --study examples/demo.toml
    """
    from contracts.stimulus_set import read_provenance, read_stimuli
    from stimuli.gallery.folder import require_replaceable
    from stimuli.gallery.write import write_gallery

    require_replaceable(out)
    folder = Path(with_local_stimuli(definition).stimuli.output)
    provenance = read_provenance(folder)
    require_same_request(definition, provenance)
    photographs = photographs_as_seen(definition)
    title = next(iter(definition.study.title.values()))
    rendering = definition.stimuli.rendering_of
    joint = provenance.get("joint_scale", {})
    count = write_gallery(out, title, folder, read_stimuli(folder), photographs, rendering, most, joint)
    click.echo(f"{count} pictures: open {out / 'index.html'} in a browser")


COMMANDS = (gallery,)
