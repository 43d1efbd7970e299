"""The address to which a recruiter wants people back: a pattern of the definition, filled in for each person."""

import difflib
import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

PID, CODE, OUTCOME = PLACEHOLDERS = ("pid", "completion_code", "outcome")
COMPLETED = "completed"  # the outcome of people who answered everything
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?", re.IGNORECASE)


def check_pattern(pattern: str) -> str:
    """The pattern as it is. Raises ValueError with what is wrong and the remedy."""
    parts = urlsplit(pattern)
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc) or re.search(r"\s", pattern):
        raise ValueError("an address that begins with https:// and the recruiter's host is expected")
    for name in _PLACEHOLDER.findall(pattern):
        if name not in PLACEHOLDERS:
            near = [known for known in PLACEHOLDERS if len(name) > 2 and name in known] or difflib.get_close_matches(
                name, PLACEHOLDERS, 1, 0.4
            )
            meant = f"; is {{{near[0]}}} meant?" if near else "."
            known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            raise ValueError(f"no placeholder {{{name}}}{meant} There are {known}")
    if set(_PLACEHOLDER.sub("", pattern)) & set("{}"):
        raise ValueError("a brace { or } without its other half; a placeholder is written {pid}")
    return pattern


def asks_for(pattern: str | None, placeholder: str) -> bool:
    """Whether the pattern, where there is one, has this placeholder."""
    return placeholder in _PLACEHOLDER.findall(pattern or "")


def fill(pattern: str, values: Mapping[str, str]) -> str:
    """The pattern with each placeholder replaced by its value, quoted for an address; empty where it has none."""
    return _PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), pattern)
