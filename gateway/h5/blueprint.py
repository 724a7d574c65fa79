"""All phone pages on one app."""

from flask import Flask

from gateway.h5 import courier, gate, merchant, paying, resident, shelf, shopping, signing


def register(app: Flask) -> None:
    """Serve them."""
    for module in (signing, resident, shopping, paying, merchant, shelf, courier, gate):
        app.register_blueprint(module.blueprint)
