"""The gateway as a Flask app, made of settings and collaborators; it connects to nothing."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway import errors, files, guard, headers, health, limits, pages, records, ui
from gateway.api import blueprint as api
from gateway.auth import Cookies, Sessions
from gateway.backends import Backends
from gateway.console import blueprint as console
from gateway.console.dead_letters import DeadLetters
from gateway.h5 import blueprint as h5
from gateway.limits import Limits
from gateway.parts import EXTENSION, Parts, Teller
from gateway.pay.views import blueprint as pay
from gateway.screens.views import blueprint as screens
from gateway.settings import Settings
from gateway.signing import Signer
from gateway.wechat.accounts import Accounts
from gateway.wechat.views import blueprint as wechat
from services.kernel.files import FileStore


def create_app(
    settings: Settings,
    backends: Backends,
    file_store: FileStore,
    teller: Teller,
    missing: Callable[[], list[str]],
    dead_letters: DeadLetters | None = None,
) -> Flask:
    """The whole gateway; `missing` names what it waits for before it can serve."""
    app = api.new_app("gateway")
    app.extensions[EXTENSION] = make_parts(
        settings, backends, file_store, teller, missing, dead_letters
    )
    # No view is a coroutine: Flask would look again at each hook of each request.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.config["PROPERTY_NAME"] = settings.property_name
    app.config["PROPERTY_PHONE"] = settings.property_phone
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)  # type: ignore[method-assign]
    health.register(app)
    limits.register(app)
    guard.register(app)
    headers.register(app, settings)
    errors.register(app)
    ui.register(app)
    app.jinja_env.globals["file_url"] = files.file_url
    app.jinja_env.globals["new_key"] = pages.form_key
    app.jinja_env.globals["wechat_script_url"] = settings.wechat_script_url
    api.register(app)
    for blueprint in (files.blueprint, records.blueprint, wechat, pay, screens):
        app.register_blueprint(blueprint)
    h5.register(app)
    console.register(app)
    return app


def make_parts(
    settings: Settings,
    backends: Backends,
    file_store: FileStore,
    teller: Teller,
    missing: Callable[[], list[str]],
    dead_letters: DeadLetters | None = None,
) -> Parts:
    """What the views work with."""
    signer = Signer(settings.secret_key)
    return Parts(
        settings=settings,
        backends=backends,
        files=file_store,
        teller=teller,
        missing=missing,
        dead_letters=dead_letters,
        signer=signer,
        cookies=Cookies(
            signer,
            secure=settings.public_url.startswith("https://"),
            session_lifetime=timedelta(days=settings.session_days),
        ),
        sessions=Sessions(backends.identity.actor_token, timedelta(seconds=settings.actor_cache_s)),
        limits=Limits.of(settings),
        accounts=Accounts(backends.marketing.wechat_account, settings.wechat_account_cache_s),
    )
