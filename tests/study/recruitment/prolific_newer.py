"""What the newer of Prolific's documents asks of requests: the one that Prolific's own command-line program is tested by.

It was read in November 2026 (contract_test/publicapi.yaml in the repository of prolific-oss/cli): names of fields, which
of them are needed, and the words that a field may hold. The document itself is not copied.
"""

from collections.abc import Iterator
from typing import Any

from tests.study.recruitment.stand_in import Mistake

_STUDY = frozenset(
    (
        *("name", "internal_name", "description", "external_study_url", "prolific_id_option", "completion_codes"),
        *("total_available_places", "estimated_completion_time", "maximum_allowed_time", "reward", "project"),
        *("device_compatibility", "peripheral_requirements", "filters", "filter_set_id", "filter_set_version"),
        *("naivety_distribution_rate", "submissions_config", "study_labels", "content_warnings", "metadata"),
        *("content_warning_details", "credential_pool_id", "has_credentials", "data_collection_method"),
        *("data_collection_id", "data_collection_metadata", "access_details", "is_external_study_url_secure"),
    )
)
_CODE = frozenset({"code", "code_type", "actions", "actor"})
# operation → (fields of the body, those that are needed)
BODIES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "POST /studies/": (_STUDY, frozenset()),
    "PATCH /studies/{id}/": (_STUDY, frozenset()),
    "POST /studies/{id}/transition/": (frozenset({"action", "publish_at"}), frozenset({"action"})),
    "POST /study-cost-calculator/": (frozenset({"reward", "total_available_places"}),) * 2,
    "POST /submissions/bulk-approve/": (
        frozenset({"submission_ids", "study_id", "participant_ids"}),
        frozenset({"submission_ids"}),
    ),
    "POST /submissions/bonus-payments/": (frozenset({"study_id", "csv_bonuses"}), frozenset()),
    "POST /messages/": (frozenset({"recipient_id", "body", "study_id"}),) * 2,
    "POST /hooks/secrets/": (frozenset({"workspace_id"}), frozenset()),
    "POST /hooks/subscriptions/": (
        frozenset({"event_type", "target_url", "workspace_id", "is_enabled"}),
        frozenset({"event_type", "target_url", "workspace_id"}),
    ),
    "POST /hooks/subscriptions/{subscription_id}/": (frozenset({"secret"}),) * 2,
    "POST /participant-groups/": (
        frozenset({"workspace_id", "organisation_id", "name", "description", "participant_ids"}),
        frozenset({"name"}),
    ),
    "POST /participant-groups/{id}/participants/": (frozenset({"participant_ids"}), frozenset()),
    "POST /researchers/participants/": (frozenset({"email"}),) * 2,
}
QUERIES = {
    "GET /submissions/": {"study", "status", "page", "page_size", "ordering"},
    "GET /studies/": {"state"},
    "GET /hooks/secrets/": {"workspace_id"},
    "GET /hooks/subscriptions/": {"workspace_id", "is_enabled"},
    "GET /participant-groups/": {"active", "workspace_id", "project_id"},
    "GET /filters/": {"detailed", "workspace_id", "filter_tag"},
}
BARE = {
    *("GET /studies/{id}/", "GET /submissions/{id}/", "POST /bulk-bonus-payments/{id}/pay/", "GET /workspaces/"),
    *("GET /participant-groups/{id}/participants/", "POST /studies/{id}/test-study"),
}
_WORDS = {
    "prolific_id_option": {"question", "url_parameters", "not_required"},
    "device_compatibility": {"desktop", "tablet", "mobile"},
    "peripheral_requirements": {"audio", "camera", "download", "microphone"},
    "content_warnings": {"sensitive", "explicit"},
    "action": {"PUBLISH", "SCHEDULE_PUBLISH", "CANCEL_PUBLISH", "PAUSE", "START", "STOP"},
}
_ACTIONS = {  # of a completion code → what each needs beside its name
    "AUTOMATICALLY_APPROVE": set(),
    "MANUALLY_REVIEW": set(),
    "DYNAMIC_PAYMENT": set(),
    "REQUEST_RETURN": {"return_reason"},
    "ADD_TO_PARTICIPANT_GROUP": {"participant_group"},
    "REMOVE_FROM_PARTICIPANT_GROUP": {"participant_group"},
    "FIXED_SCREEN_OUT_PAYMENT": {"fixed_screen_out_reward", "slots"},
}


def check(operation: str, query: dict[str, str], content: Any) -> None:
    """Raise Mistake for a request that this document does not allow."""
    if problems := [*_problems(operation, query, content or {})]:
        raise Mistake(f"{operation} is not as Prolific's newer document has it: {problems}")


def _problems(operation: str, query: dict[str, str], content: dict[str, Any]) -> Iterator[str]:
    fields, needed = BODIES.get(operation, (frozenset(), frozenset()))
    if operation not in {*BODIES, *QUERIES, *BARE}:
        yield "there is no such operation"
    yield from (f"unknown field {name}" for name in {*content} - fields)
    yield from (f"{name} is missing" for name in needed - {*content})
    yield from (f"unknown parameter {name}" for name in {*query} - QUERIES.get(operation, set()))
    for name, words in _WORDS.items():
        said = content.get(name) or []
        yield from (f"{name} cannot be {word}" for word in {*([said] if isinstance(said, str) else said)} - words)
    for code in content.get("completion_codes") or []:
        yield from _problems_of_code(code)


def _problems_of_code(code: dict[str, Any]) -> Iterator[str]:
    if not {"code", "code_type", "actions"} <= {*code} <= _CODE:
        yield f"a completion code has {sorted(code)}"
    for action in code["actions"]:
        if action["action"] not in _ACTIONS or {*action} - {"action"} != _ACTIONS[action["action"]]:
            yield f"an action cannot be {action}"
