"""A feature phone in the browser (demo instances)."""

from flask import Blueprint

blueprint = Blueprint("phone", __name__)
