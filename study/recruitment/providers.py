"""The recruitment providers by the name that the definition uses."""

from collections.abc import Mapping

from study.audience import RecruitmentConfig
from study.errors import ConfigurationError
from study.recruitment.mturk import MTURK
from study.recruitment.plain import PLAIN
from study.recruitment.platform import Platform
from study.recruitment.prolific import PROLIFIC
from study.recruitment.provider import Provider
from study.recruitment.sona import SONA

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (PLAIN, PROLIFIC, MTURK, SONA)}


def open_account(name: str, environment: Mapping[str, str], sandbox: bool = False) -> Platform:
    """Raises ConfigurationError, naming the variable that is missing or the provider that has no API."""
    if open_its_account := PROVIDERS[name].open_account:
        return open_its_account(environment, sandbox)
    known = " and ".join(provider.title for provider in PROVIDERS.values() if provider.open_account)
    raise ConfigurationError(f"provider {name!r} has no API here; {known} have one")


def problems_of_provider(name: str, recruitment: RecruitmentConfig) -> list[str]:
    """That there is no such provider, or keys of `[recruitment]` that it has no use for, each with what to do."""
    provider = PROVIDERS.get(name)
    if provider is None:
        return [f"participants.provider: no provider {name!r}; there are {', '.join(PROVIDERS)}"]
    written = sorted(recruitment.model_fields_set)
    if written and provider.open_account is None:
        return [f'recruitment: provider = "{name}" offers no study; remove the section or name prolific or mturk']
    return [
        f"recruitment.{key}: {provider.title} has no such choice; write it as one of [[recruitment.filters]]"
        for key in written
        if key in provider.cannot_choose
    ]
