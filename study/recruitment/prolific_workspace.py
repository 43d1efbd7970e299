"""What belongs to a workspace on Prolific, not to one study: webhooks, participant groups, test participants."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from study.errors import ConfigurationError
from study.recruitment.exchange import Reply
from study.recruitment.platform import Subscription

VARIABLE = "DISCERN_PROLIFIC_WORKSPACE"
_EVENT = "submission.status.change"
_BULK = 100  # people who are added to a group with one request
Ask = Callable[[str, str, dict[str, Any] | None], Reply]


@dataclass(frozen=True)
class Workspace:
    """`ask` makes a request; `chosen` is the workspace's id, needed where the token's account has several."""

    ask: Ask
    chosen: str = ""

    @cached_property
    def id(self) -> str:
        if self.chosen:
            return self.chosen
        found = [row["id"] for row in self._get("/workspaces/")["results"]]
        if len(found) != 1:
            raise ConfigurationError(
                f"this account has {len(found)} workspaces on Prolific; set {VARIABLE} to the id of the study's own"
            )
        return str(found[0])

    def subscribe(self, url: str) -> Subscription:
        """Have each change of a submission told to `url`, unless it is already."""
        secret = self._secret()
        query = urlencode({"workspace_id": self.id, "is_enabled": "true"})
        known = self._get(f"/hooks/subscriptions/?{query}")["results"]
        if any(row["target_url"] == url and row["event_type"] == _EVENT for row in known):
            return Subscription(secret, is_new=False)
        wanted = {"workspace_id": self.id, "event_type": _EVENT, "target_url": url}
        made = self.ask("POST", "/hooks/subscriptions/", wanted)
        about = made.content if "id" in made.content else made.content["results"][0]
        self.ask("POST", f"/hooks/subscriptions/{about['id']}/", {"secret": made.headers["X-Hook-Secret"]})
        return Subscription(secret, is_new=True)

    def group(self, name: str) -> str:
        """The id of the group of this name, made where there is none."""
        query = urlencode({"workspace_id": self.id, "active": "true"})
        for group in self._get(f"/participant-groups/?{query}")["results"]:
            if group["name"] == name:
                return str(group["id"])
        made = self.ask("POST", "/participant-groups/", {"workspace_id": self.id, "name": name})
        return str(made.content["id"])

    def members(self, group_id: str) -> set[str]:
        return {row["participant_id"] for row in self._get(f"/participant-groups/{group_id}/participants/")["results"]}

    def add_members(self, group_id: str, people: Iterable[str]) -> None:
        """Those who are members already are ignored by Prolific."""
        for some in _hundreds(list(people)):
            self.ask("POST", f"/participant-groups/{group_id}/participants/", {"participant_ids": some})

    def tester(self, email: str) -> str:
        """The participant_id of a new test participant; Prolific enables them for some workspaces only."""
        return str(self.ask("POST", "/researchers/participants/", {"email": email}).content["participant_id"])

    def test_study(self, study_id: str) -> tuple[str, str]:
        """(id, address) of a study for test participants, made from a draft."""
        made = self.ask("POST", f"/studies/{study_id}/test-study", None).content
        return made["study_id"], made["study_url"]

    def _secret(self) -> str:
        """The one that there is: another would take its place, and no earlier subscription could be verified."""
        query = urlencode({"workspace_id": self.id})
        found = [row["value"] for row in self._get(f"/hooks/secrets/?{query}")["results"]]
        return str(
            found[0] if found else self.ask("POST", "/hooks/secrets/", {"workspace_id": self.id}).content["value"]
        )

    def _get(self, path: str) -> Any:
        return self.ask("GET", path, None).content


def _hundreds(people: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(people), _BULK):
        yield people[first : first + _BULK]
