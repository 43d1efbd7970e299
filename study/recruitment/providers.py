"""The recruitment providers by the name that the definition uses."""

from study.recruitment.plain import PLAIN
from study.recruitment.prolific import PROLIFIC
from study.recruitment.provider import Provider

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (PLAIN, PROLIFIC)}
