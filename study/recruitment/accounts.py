"""A platform's account, whose keys are in the environment and nowhere else: no definition, no database, no log."""

from collections.abc import Mapping

from study.errors import ConfigurationError
from study.recruitment import mturk_api, prolific_api
from study.recruitment.platform import Platform

PROLIFIC_TOKEN, AWS_ID, AWS_SECRET = "DISCERN_PROLIFIC_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
ADDRESS = "DISCERN_RECRUITMENT_API"  # another address than the platform's own: a stand-in for a rehearsal


def open_account(provider: str, environment: Mapping[str, str], sandbox: bool = False) -> Platform:
    """Raises ConfigurationError, naming the variable that is missing or the provider that has no API."""
    if provider == "prolific":
        if sandbox:
            raise ConfigurationError("Prolific has no sandbox; without --confirm nothing is sent there")
        token = _required(environment, PROLIFIC_TOKEN)
        return prolific_api.Prolific(token, environment.get(ADDRESS, prolific_api.PRODUCTION))
    if provider == "mturk":
        signer = mturk_api.Signer(_required(environment, AWS_ID), _required(environment, AWS_SECRET))
        own = mturk_api.SANDBOX if sandbox else mturk_api.PRODUCTION
        return mturk_api.MTurk(signer, environment.get(ADDRESS, own))
    raise ConfigurationError(f"provider {provider!r} has no API here; Prolific and Mechanical Turk have one")


def _required(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise ConfigurationError(f"{name} is not set; it is the key of the account that pays")
    return environment[name]
