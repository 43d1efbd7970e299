"""Sections `[methods.<name>]` of a study definition: where a method's maps or pictures come from."""

import difflib
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from contracts.methods import METHOD_NAMES
from models.config import DefinitionPath, code_place

MethodName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
_SOURCES = ("built_in", "function", "captum", "pictures")


class MethodConfig(BaseModel):
    """One method of the study: a built-in one with options, a function, a class of captum, or pictures made elsewhere.

    A section says what Discern does not know by itself; built-in methods without options need none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: dict[str, str] = Field(
        {},
        description='printed name in each language: { en = "LIME" }; none: the built-in one, or as it is called here',
    )
    built_in: str = Field("", description="the built-in method that is computed, where the section is called otherwise")
    function: str = Field(
        "",
        description="a function of your own, as `file.py:function` beside the definition or `package.module:function`;"
        " it takes (trace), (images, targets) or (network, images, targets) and returns maps; its code is run",
    )
    captum: str = Field("", description="a class of captum.attr, as IntegratedGradients; needs `pip install captum`")
    pictures: DefinitionPath | None = Field(
        None,
        description="CSV file of pictures or maps made elsewhere: image, category, network, file, and where needed"
        " method, prediction, logit, probability",
    )
    options: dict[str, Any] = Field(
        {}, description="handed to the built-in method, the function or captum, as { n_steps = 16 }"
    )

    @field_validator("function")
    @classmethod
    def _found_beside(cls, function: str, info: ValidationInfo) -> str:
        return code_place(function, info)

    @model_validator(mode="after")
    def _one_source(self) -> "MethodConfig":
        if len(told := [key for key in _SOURCES if getattr(self, key)]) > 1:
            raise ValueError(f"{' and '.join(told)}: a method has one source; remove all but one")
        if self.built_in and self.built_in not in METHOD_NAMES:
            raise ValueError(f"built_in: {unknown_method(self.built_in, METHOD_NAMES)}")
        if self.pictures and self.options:
            raise ValueError("options: pictures are made already and take none; remove options")
        return self


def unknown_method(name: str, known: Iterable[str]) -> str:
    """A sentence: there is no such method, and the nearest known ones, or all."""
    names = list(known)
    near = difflib.get_close_matches(name, names, 3)
    return f"no method {name!r}; " + (f"is {' or '.join(near)} meant?" if near else f"there are {', '.join(names)}")


def _with_sources(methods: dict[str, MethodConfig]) -> dict[str, MethodConfig]:
    """A section without a source is the built-in method that it is called after."""
    found = {}
    for name, method in methods.items():
        has_source = any(getattr(method, key) for key in _SOURCES)
        if not has_source and name not in METHOD_NAMES:
            raise ValueError(
                f"{name} has no source; give it function, captum or pictures, or call it after a built-in method"
                f" ({unknown_method(name, METHOD_NAMES)})"
            )
        found[name] = method if has_source else method.model_copy(update={"built_in": name})
    return found


Methods = Annotated[dict[MethodName, MethodConfig], AfterValidator(_with_sources)]
"""All sections `[methods.<name>]`; each has one source."""
