"""Settings in files, as containers hand out secrets: one variable names the file of another."""

from collections.abc import MutableMapping
from pathlib import Path

import click

_BEGINNING, _END = "DISCERN_", "_FILE"


def take_in(environ: MutableMapping[str, str]) -> None:
    """Set each `DISCERN_<NAME>` to what the file of `DISCERN_<NAME>_FILE` says, without the line's end.

    Raises click.UsageError where both are set, or where the file cannot be read or is empty.
    """
    for given in [name for name in environ if name.startswith(_BEGINNING) and name.endswith(_END)]:
        name = given.removesuffix(_END)
        if name in environ:
            raise click.UsageError(f"{name} and {given} are both set; leave one of them out")
        environ[name] = _value(given, Path(environ[given]))


def _value(given: str, path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{given}: {path} cannot be read ({error}); name a file with the setting") from None
    if not value:
        raise click.UsageError(f"{given}: {path} is empty; write the setting into it")
    return value
