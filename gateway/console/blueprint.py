"""All desk pages on one app."""

from flask import Flask

from gateway.console import signing, views


def register(app: Flask) -> None:
    """Serve them."""
    for module in (signing, views):
        app.register_blueprint(module.blueprint)
