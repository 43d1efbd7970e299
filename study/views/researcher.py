"""Pages for researchers."""

from flask import Blueprint

bp = Blueprint("researcher", __name__, url_prefix="/researcher")
