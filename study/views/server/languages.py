"""The language in which a page's own words are written; each view of participants says which it is."""

from typing import Any

from flask import Flask, g, request
from werkzeug.exceptions import HTTPException

from languages.read import SOURCE, languages, plural_forms, sentences, translations

FORMS_UP_TO = 200  # beyond, the form of a number in a language is that of 100 and its last two digits


def init_app(app: Flask) -> None:
    environment: Any = app.jinja_env  # its type lacks the method that the extension adds
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(translate, translate_plural, newstyle=True)
    app.jinja_env.globals |= {"language_name": language_name, "script_texts": script_texts}


def speak(language: str) -> str:
    """This reply is in `language`, which is returned. Without it pages are English, as those of researchers."""
    g.language = language
    return language


def visitors_language() -> str:
    """Where no study says which: the language of the address or form, else the browser's."""
    try:
        asked = request.values.get("language")
    except HTTPException:  # a form too large to read
        asked = None
    return asked if asked in languages() else request.accept_languages.best_match(languages(), default=SOURCE)


def translate(text: str) -> str:
    """`text` in the language of this reply."""
    return translations(g.get("language", SOURCE), "pages").gettext(text)


def translate_plural(one: str, many: str, n: int) -> str:
    """`one` or `many` in the language of this reply."""
    return translations(g.get("language", SOURCE), "pages").ngettext(one, many, n)


def marked(text: str) -> str:
    """`text` as it is: marks a constant that is translated where it is shown."""
    return text


def language_name(code: str) -> str:
    """What a language calls itself."""
    return languages()[code].name


def script_texts(code: str) -> dict[str, Any]:
    """What the scripts of a page in language `code` read: English sentence → its forms, and which form a number has."""
    if code == SOURCE:
        return {}
    return {"texts": sentences(code, "scripts"), "forms": plural_forms(code, "scripts", FORMS_UP_TO)}
