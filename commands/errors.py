"""Errors and warnings that a package raised on purpose are messages; others stay as Python shows them."""

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from commands.interrupted import how_to_go_on

_OF_FILES = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EIO),
}
INTERRUPTED = 130  # exit status of what SIGINT ended
PACKAGES = {"contracts", "languages", "models", "stimuli", "study", "analysis", "definition"}


NETWORKS = {"torch", "torchvision", "safetensors", "pycocotools"}
WITHOUT_TORCH = (
    "torch is not installed here. On a host that only serves and analyses it is not needed: do this where the stimuli"
    " are made, and bring the study with `./manage.py pack`. `make setup` installs torch"
)


class Commands(click.Group):
    """Turns an error that a package raised on purpose, and a file or disk that refuses, into a message and exit status
    1; other errors keep their traceback. Ctrl-C is answered with how to go on."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with cautions():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(f"\nStopped. {how_to_go_on(ctx.invoked_subcommand)}", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except ModuleNotFoundError as error:
            if is_of_networks(error):
                raise click.ClickException(
                    f"{ctx.invoked_subcommand} computes with networks: {WITHOUT_TORCH}"
                ) from error
            raise
        except OSError as error:
            if words := refusal(error):
                raise click.ClickException(words) from error
            raise
        except Exception as error:
            if is_own_error(error):
                raise click.ClickException(str(error)) from error
            raise


def refusal(error: OSError) -> str | None:
    """A sentence for a file, folder or disk that refuses to be read or written; None for any other error."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space and run the command again"
    if error.filename is None or error.errno not in _OF_FILES:
        return None
    return f"{error.filename} cannot be read or written ({error.strerror}); mend that or name another place"


def is_of_networks(error: ImportError) -> bool:
    """Whether a package is missing that hosts without networks do not install (requirements-survey.txt)."""
    return (error.name or "").split(".")[0] in NETWORKS


def is_own_error(error: Exception) -> bool:
    """Whether a package raised it on purpose: its class is one of ours."""
    return _is_own(type(error))


@contextmanager
def cautions() -> Iterator[None]:
    """Show the warnings of our packages on standard error, each once, as lines that start with "Caution"."""
    shown: set[str] = set()
    with warnings.catch_warnings():
        as_python_does = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if not _is_own(category):
                as_python_does(message, category, *place, **more)
            elif str(message) not in shown:
                shown.add(str(message))
                click.echo(f"Caution: {message}", err=True)

        warnings.showwarning = show
        yield


def _is_own(kind: type) -> bool:
    return kind.__module__.split(".")[0] in PACKAGES
