"""People before a browser, as the tests of the pages need them."""

from typing import Any

from flask.testing import FlaskClient

from services.contracts.permissions import Role
from tests.gateway.test_signing_in import begin, come_back
from tests.support.gateway import GATE, World, me

KEY = "form-key-0001"
WECHAT = "Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.50"
PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36"


def browser(world: World, *roles: Role) -> FlaskClient:
    """Somebody with these roles, signed in."""
    if roles:
        world.services.answers["identity.me"] = me(*roles)
    client = world.client(signed_in=True)
    if Role.GUARD in roles:
        client.set_cookie("linli_gate", GATE)
    return client


def wechat(world: World, *roles: Role) -> FlaskClient:
    """The same inside WeChat, signed in by it: the gateway knows the openid."""
    if roles:
        world.services.answers["identity.me"] = me(*roles)
    client = world.client()
    come_back(client, begin(client))
    client.environ_base["HTTP_USER_AGENT"] = WECHAT
    return client


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    """Post a form as our own pages would."""
    token = client.get("/api/v1/csrf-token").json["csrf_token"]  # type: ignore[index]
    form = {"csrf_token": token, "idempotency_key": KEY, **fields}
    return client.post(path, data=form, content_type="multipart/form-data")


def key_in(page: str) -> str:
    """The idempotency key of the first form."""
    return page.split('name="idempotency_key" value="')[1].split('"')[0]
