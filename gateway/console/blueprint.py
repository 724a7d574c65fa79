"""All desk pages on one app."""

from flask import Flask

from gateway.console import dead, signing, views
from gateway.console.menu import who_may_what


def register(app: Flask) -> None:
    """Serve them."""
    for module in (signing, views, dead):
        app.register_blueprint(module.blueprint)
    for blueprint in (views.blueprint, dead.blueprint):
        app.template_context_processors.setdefault(blueprint.name, []).append(who_may_what)
