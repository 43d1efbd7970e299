"""What a study says of itself on the information sheet, in the languages that people can choose."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from languages.read import languages

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


def _known_language(code: str) -> str:
    if code not in languages():
        raise ValueError(f"no language has this code; there are {', '.join(languages())}")
    return code


Language = Annotated[str, AfterValidator(_known_language)]
Texts = dict[Language, Annotated[str, Field(min_length=1)]]


def _in_every_language(text: object) -> object:
    return dict.fromkeys(languages(), text) if isinstance(text, str) else text


SameTexts = Annotated[
    Texts, BeforeValidator(_in_every_language, json_schema_input_type=Texts | str)
]  # one text may serve for all


class DemographicQuestion(BaseModel):
    """A question about the participant, which is optional; without `options` the answer is free text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="of the question in the export")
    label: Texts = Field(description="the question as participants read it")
    options: dict[Slug, Texts] = Field(
        {}, description="answers to choose from, by their names in the export; none: free text"
    )


def _absent_when_empty(text: object) -> object:
    """An empty text is none at all; one text may serve for every language."""
    if isinstance(text, dict):
        return {code: part for code, part in text.items() if part != ""}
    return _in_every_language(text) if text else {}


def _a_file_name(schema: dict[str, Any]) -> None:
    del schema["pattern"]  # of the content, which the loader puts in the place of the name


Line = dict[Language, Annotated[str, Field(max_length=80)]]
Paragraph = dict[Language, Annotated[str, Field(max_length=600)]]
Short = Annotated[Line, BeforeValidator(_absent_when_empty, json_schema_input_type=Line | str)]
Long = Annotated[Paragraph, BeforeValidator(_absent_when_empty, json_schema_input_type=Paragraph | str)]


class InformationConfig(BaseModel):
    """Facts of the information sheet, each a row of it. One text may serve for all languages; empty: no row.

    They are what a Korean and a European ethics board ask for (docs/how-to/information-sheet.md).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    logo: Annotated[str, Field(pattern=r"^(data:image/(png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/=]+)?$")] = Field(
        "",
        description="an image file beside the definition: SVG, PNG, JPEG or WebP of at most 32 kB",
        json_schema_extra=_a_file_name,
    )
    department: Short = Field({}, description="below the institution")
    pay: Short = Field({}, description="what people get where it is no money, such as course credit; say also nothing")
    pay_note: Short = Field({}, description="below what people get; none: of [study] pay the pay per hour")
    official_title: Long = Field({}, description="the title as the ethics board approved it")
    eligibility: Long = Field({}, description="who can take part, who cannot, and how many people are wanted")
    risks: Long = Field({}, description="risks and discomforts, and what to do about them")
    benefits: Long = Field({}, description="benefits for the person and for others")
    compensation: Long = Field({}, description="compensation for harm")
    early_end: Long = Field({}, description="pay of people who stop, and when researchers end somebody's part")
    results: Long = Field({}, description="where the results will be found")
    storage: Long = Field({}, description="where the data are stored: on whose server, in which country")
    retention: Long = Field({}, description="how long, and how the data are destroyed then")
    access: Long = Field({}, description="who can read the data")
    sharing: Long = Field({}, description="who else gets them, and whether they are published")
    transfer: Long = Field({}, description="transfer abroad: to whom, where, what, why and how long")
    withdraw_until: Long = Field({}, description="until when data can be deleted, and what cannot be deleted then")
    legal_basis: Long = Field({}, description="legal basis of the processing, such as consent, Art. 6(1)(a) GDPR")
    rights: Long = Field({}, description="rights of access, correction, deletion, restriction and portability")
    data_protection: Long = Field({}, description="contact for data protection")
    authority: Long = Field({}, description="the authority to which people can complain")
    investigator: Long = Field({}, description="the responsible person: name, position, affiliation, supervisor")
    funder: Long = Field({}, description="who pays for the study")
    conflicts: Long = Field({}, description="conflicts of interest")
    ethics_number: Short = Field({}, description="number of the ethics approval, for the short list of facts")
    ethics_contact: Long = Field({}, description="whom people can ask about their rights, or complain to")


class FurtherConsent(BaseModel):
    """A box of the consent form of its own, beside the one for taking part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="of the box in the export")
    text: Texts = Field(description="what people agree to by ticking it")
    required: bool = Field(True, description="false: people may take part without ticking it")
