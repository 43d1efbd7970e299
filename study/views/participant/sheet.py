"""The information sheet: what the definition says, and what Discern itself stores, which it therefore says itself."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from markupsafe import Markup, escape

from study.config import DeviceConfig, StudyConfig
from study.definition import FrozenDefinition
from study.markdown import to_html
from study.recruitment.plain import PLAIN
from study.recruitment.providers import PROVIDERS
from study.retention import IDS, STUDY, DataConfig, written_date, written_months
from study.return_address import PID, asks_for
from study.views.server.languages import marked as _
from study.views.server.languages import translate

_PHONE_WIDTH = 360  # CSS pixels that every phone of today has
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Rows of the sheet by section: field of the definition's `information`, and what the row is called.
_ABOUT = {
    "official_title": _("Full title"),
    "eligibility": _("Who can take part"),
    "risks": _("Risks"),
    "benefits": _("Benefits"),
    "compensation": _("Compensation for harm"),
    "early_end": _("If you stop early"),
    "results": _("Results"),
}
_DATA = {
    "storage": _("Where"),
    "retention": _("How long"),
    "access": _("Who can see it"),
    "sharing": _("Sharing"),
    "transfer": _("Transfer abroad"),
    "legal_basis": _("Legal basis"),
    "rights": _("Your rights"),
    "data_protection": _("Data protection"),
    "authority": _("Complaints to"),
}
_RESPONSIBLE = {
    "institution": _("Institution"),
    "investigator": _("Responsible researcher"),
    "funder": _("Funding"),
    "conflicts": _("Conflicts of interest"),
    "ethics": _("Ethics approval"),
    "ethics_contact": _("Questions about your rights"),
}

_VERSION = _("Version of this sheet")
_ALWAYS = {
    _("Your answers"): _(
        "What you answer, the time of day of each answer and how long it took; also your answers to the questions"
        " about the instructions."
    ),
    _("Your participation"): _(
        "What you agreed to, your language, and when you agreed, stopped and finished. A cookie in this browser lets"
        " you continue later."
    ),
    _("Your device"): _(
        "Size of the screen and the window; mouse or touch screen; when the page was left, hidden, changed in size or"
        " shown in full screen; whether the browser translated it or changed its colours."
    ),
}
_IDENTIFIERS = _("The identifiers that %(platform)s sends with you, apart from your answers.")
_SCREENING = _(
    "Your answers to the questions before you begin. They decide whether you can take part; of people who cannot, we"
    " store only the reason."
)
_PID_STORED = _("The identifier that the link to the study holds for you, apart from your answers.")
_PER_HOUR = _("that is about %(pay)s per hour")
_DELETED = _(
    "You can withdraw at any time, without giving a reason: your data are then deleted. After the end you need the"
    " withdrawal code from the last page."
)
_NOTED = _("We keep a note that someone withdrew, with the random participant number and the number of answers.")
_PROOF = _(
    "We also keep the proof of your consent, because the law asks for it: its date, version, language and boxes."
)
_KEPT = {
    STUDY: (
        _("Your data are deleted from our server by %(date)s."),
        _("Your data are deleted from our server %(time)s after the end of the study."),
    ),
    IDS: (
        _("The identifiers that brought you here are deleted by %(date)s."),
        _("The identifiers that brought you here are deleted %(time)s after the end of the study."),
    ),
}


@dataclass(frozen=True)
class Row:
    """A row of a list of facts; `note` is said below `text` in small."""

    name: str
    text: str
    note: str = ""


def information(definition: FrozenDefinition, language: str, slug: str, has_pid: bool = False) -> dict[str, Any]:
    """What the templates of the sheet show, in `language`, which the page must speak already.

    `has_pid`: the link names the person.
    """
    study = definition.study
    said = _said(definition, language)
    responsible = _rows(said, _RESPONSIBLE)
    return {
        "title": study.title[language],
        "consent_html": to_html(study.consent[language]),
        "contact": study.contact[language],
        "minutes": study.minutes,
        "language": language,
        "languages": study.languages,
        "said": said,
        "logo_url": url_for("participant.logo", slug=slug) if study.information.logo else None,
        "device": needed_device(definition.participants.device),
        "about": _rows(said, _ABOUT),
        "data": [*_stored(definition, language, has_pid), *_rows(said, _DATA), _deletion(study, said)],
        "responsible": responsible and [*responsible, Row(translate(_VERSION), study.consent_version)],
        "minimum_age": study.minimum_age,
        "consents": [(box.name, box.text[language], box.required) for box in study.consents],
    }


def _said(definition: FrozenDefinition, language: str) -> dict[str, str]:
    """The facts that the definition says, by their key."""
    study = definition.study
    facts = dict(study.information) | {"institution": study.institution, "ethics": study.ethics}
    said = {name: texts[language] for name, texts in facts.items() if isinstance(texts, dict) and texts}
    if study.pay:
        hourly = translate(_PER_HOUR) % {"pay": study.pay.per_hour(study.minutes, language)}
        said = {"pay_note": hourly} | said | {"pay": study.pay.written(language)}
    if deadline := _deadline(definition.data, language):
        said["retention"] = f"{said['retention']} {deadline}" if "retention" in said else deadline
    return said


def _deadline(data: DataConfig, language: str) -> str | None:
    """When the data are deleted, as `[data]` says; None where it does not, or not to participants."""
    if not data.on_sheet or not (data.keep_until or data.keep_months):
        return None
    by_date, after_end = _KEPT[data.delete]
    if data.keep_until:
        return translate(by_date) % {"date": written_date(date.fromisoformat(data.keep_until), language)}
    return translate(after_end) % {"time": written_months(data.keep_months or 0, language)}


def linked(text: str) -> Markup:
    """`text` with its e-mail addresses as links."""
    return Markup(_EMAIL.sub(lambda found: f'<a href="mailto:{found[0]}">{found[0]}</a>', str(escape(text))))


def needed_device(device: DeviceConfig) -> Row:
    """Which device people need, in words; the browser looks again before the instructions."""
    name = translate(_("Device"))
    if device.pointer == "fine":
        return Row(name, translate(_("Computer with a mouse or touchpad")), translate(_("You need a computer.")))
    size = {"width": device.min_width, "height": device.min_height}
    if device.phones and device.min_width <= _PHONE_WIDTH:
        return Row(name, translate(_("Phone, tablet or computer")), translate(_("A phone is fine.")))
    note = translate(_("A phone is too small. The window needs %(width)s × %(height)s pixels.")) % size
    return Row(name, translate(_("Computer or tablet")), note)


def _rows(said: dict[str, str], names: dict[str, str]) -> list[Row]:
    return [Row(translate(name), said[field]) for field, name in names.items() if field in said]


def _stored(definition: FrozenDefinition, language: str, has_pid: bool) -> Iterable[Row]:
    """What study/database/schema.py holds of a person."""
    study, platform = definition.study, PROVIDERS[definition.participants.provider]
    yield from (Row(translate(name), translate(text)) for name, text in _ALWAYS.items())
    if platform.name != PLAIN.name:
        yield Row(platform.title, translate(_IDENTIFIERS) % {"platform": platform.title})
    elif has_pid or definition.screening.not_after or asks_for(definition.participants.return_url, PID):
        yield Row(translate(_("Identifier")), translate(_PID_STORED))
    if definition.screening.questions:
        yield Row(translate(_("Before you begin")), translate(_SCREENING))
    optional = [question.label[language] for question in study.demographics]
    if study.comments:
        optional.append(translate(_("Your comment at the end")))
    if optional:
        yield Row(translate(_("Optional")), " · ".join(optional))
    yield Row(translate(_("Not stored")), translate(_("Your name, your e-mail address and your IP address.")))


def _deletion(study: StudyConfig, said: dict[str, str]) -> Row:
    parts = [translate(_DELETED), said.get("withdraw_until", ""), translate(_NOTED)]
    if study.keep_consent:
        parts.append(translate(_PROOF))
    return Row(translate(_("Deletion")), " ".join(filter(None, parts)))
