"""A platform's account, whose keys are in the environment and nowhere else: no definition, no database, no log."""

from collections.abc import Mapping

from study.errors import ConfigurationError

ADDRESS = "DISCERN_RECRUITMENT_API"  # another address than the platform's own: a stand-in for a rehearsal


def required(environment: Mapping[str, str], name: str) -> str:
    """The key in the environment variable `name`. Raises ConfigurationError."""
    if not environment.get(name):
        raise ConfigurationError(f"{name} is not set; it is the key of the account that pays")
    return environment[name]
