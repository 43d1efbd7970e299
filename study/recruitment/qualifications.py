"""Qualifications on Mechanical Turk: lists of workers that are kept there, and to whom a study is not shown."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Qualifications:
    """`call` makes a request, `pages` yields the rows of all pages of one."""

    call: Callable[[str, dict[str, Any]], Any]
    pages: Callable[..., Iterator[dict[str, Any]]]

    def find(self, name: str) -> str | None:
        """The id of our own qualification of this name. Mechanical Turk takes a while to list a new one."""
        rows = self.pages(
            "ListQualificationTypes",
            "QualificationTypes",
            Query=name,
            MustBeRequestable=False,
            MustBeOwnedByCaller=True,
        )
        return next((row["QualificationTypeId"] for row in rows if row["Name"] == name), None)

    def group(self, name: str) -> str:
        """The id of the qualification of this name, made where there is none. Nobody can request it."""
        if found := self.find(name):
            return found
        made = self.call(
            "CreateQualificationType",
            {"Name": name, "Description": f"People on this list: {name}", "QualificationTypeStatus": "Active"},
        )
        return str(made["QualificationType"]["QualificationTypeId"])

    def members(self, group_id: str) -> set[str]:
        rows = self.pages(
            "ListWorkersWithQualificationType", "Qualifications", QualificationTypeId=group_id, Status="Granted"
        )
        return {row["WorkerId"] for row in rows}

    def add_members(self, group_id: str, people: Iterable[str]) -> None:
        """Workers are not written to."""
        for worker in people:
            wanted = {"QualificationTypeId": group_id, "WorkerId": worker, "IntegerValue": 1, "SendNotification": False}
            self.call("AssociateQualificationWithWorker", wanted)
