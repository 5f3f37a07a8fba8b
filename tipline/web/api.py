"""The API."""

from flask import Flask


def init_api(app: Flask) -> None:
    """Register the API."""
