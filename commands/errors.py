"""Errors that a package raised on purpose are messages; others keep their traceback."""

from typing import Any

import click

PACKAGES = {"contracts", "languages", "models", "stimuli", "study", "analysis", "definition"}


class Commands(click.Group):
    """Turns an error that a package raised on purpose into a message and exit status 1; others keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if is_own_error(error):
                raise click.ClickException(str(error)) from error
            raise


def is_own_error(error: Exception) -> bool:
    """Whether a package raised it on purpose: its class is one of ours."""
    return type(error).__module__.split(".")[0] in PACKAGES
