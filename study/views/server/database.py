"""The application's database."""

from flask import Flask, current_app

from study.database.db import Database, connect, require_ready

_KEY = "discern-database"


def init_app(app: Flask) -> None:
    """Connect. Raises DatabaseNotReadyError."""
    database = connect(app.config["DATABASE_URL"])
    try:
        require_ready(database)
    except BaseException:
        database.engine.dispose()
        raise
    app.extensions[_KEY] = database


def database() -> Database:
    return current_app.extensions[_KEY]


def close(app: Flask) -> None:
    app.extensions[_KEY].engine.dispose()
