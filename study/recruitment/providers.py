"""The recruitment providers by the name that the definition uses."""

from study.recruitment.mturk import MTURK
from study.recruitment.plain import PLAIN
from study.recruitment.prolific import PROLIFIC
from study.recruitment.provider import Provider
from study.recruitment.sona import SONA

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (PLAIN, PROLIFIC, MTURK, SONA)}
