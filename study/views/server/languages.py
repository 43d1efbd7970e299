"""The language in which a page's own words are written; each view of participants says which it is."""

from typing import get_args

from flask import Flask, g
from flask_babel import Babel

from study.config import Language

LANGUAGES: tuple[str, ...] = get_args(Language)


def init_app(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=lambda: g.get("language", "en"))


def speak(language: str) -> str:
    """This reply is in `language`, which is returned. Without it pages are English, as those of researchers."""
    g.language = language
    return language
