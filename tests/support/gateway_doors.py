"""Every address that names somebody's order, money or visit; and a browser for each role."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask

from gateway.app import make_parts
from gateway.parts import EXTENSION
from services.contracts.permissions import Role
from services.kernel.errors import LinliError
from tests.support.gateway import ORDER, World, collaborators, settings, world_of
from tests.support.gateway_deals import deals_world
from tests.support.gateway_mediation import ANSWERS
from tests.support.gateway_money import money_world

NO_LIMITS = {
    "session_rate_per_s": 1_000_000,
    "address_rate_per_s": 1_000_000,
    "inbound_rate_per_s": 1_000_000,
}
STAFF = frozenset(
    {
        *(Role.GUARD, Role.CLERK, Role.BUILDING_MANAGER, Role.CASHIER),
        *(Role.ACCOUNTANT, Role.MEDIATOR, Role.MANAGER),
    }
)
ROLES = (Role.OWNER, Role.SHOPKEEPER, Role.COURIER, *sorted(STAFF))
EVERY_ROLE = frozenset(ROLES)
RESIDENTS, MERCHANTS = frozenset({Role.OWNER}), frozenset({Role.SHOPKEEPER})
NAMES = frozenset(
    {
        *("order_id", "case_id", "dispute_id", "amendment_id", "payment_id", "store_id"),
        *("household_id", "merchant_id", "owner_id", "saga_id", "refund_id", "card_id"),
        *("drop_id", "visit_id", "key"),
    }
)
"""The parameters of addresses by which somebody's order can be named."""


class Door(NamedTuple):
    """`decides`: the service whose no is the page's no. `opens_to`: the roles that the gateway lets
    ask it at all; what they may see of whom, the service knows."""

    decides: str
    opens_to: frozenset[Role] = EVERY_ROLE
    act: str = ""
    form: dict[str, str] = {}


_O, _S, _D = "orders", "settlement", "delivery"
_MINE, _SHOP = "/h5/orders/<order_id>", "/h5/merchant/orders/<order_id>"
_DESK = "/console/orders/<order_id>"
PAGES: dict[str, Door] = {
    _MINE: Door(_O),
    f"{_MINE}/after-sales": Door(_O),
    f"{_MINE}/amendment": Door(_O),
    f"{_MINE}/cancel": Door(_O),
    f"{_MINE}/confirm-receipt": Door(_O),
    f"{_MINE}/dispute": Door(_O),
    f"{_MINE}/money": Door(_S),
    f"{_MINE}/record.pdf": Door(_O),
    f"{_MINE}/review": Door(_O),
    f"{_MINE}/talk": Door(_O),
    "/h5/cases/<case_id>": Door(_O),
    "/h5/cases/<case_id>/<act>": Door(_O, act="withdraw"),
    "/h5/disputes/<dispute_id>": Door(_O),
    "/h5/disputes/<dispute_id>/<act>": Door(_O, act="withdraw"),
    "/h5/pay/<payment_id>": Door(_S),
    "/h5/pay/<payment_id>/<way>": Door(_S),
    "/h5/pay/<payment_id>/result": Door(_S),
    "/h5/cards/<card_id>": Door(_S, RESIDENTS),
    _SHOP: Door(_O),
    f"{_SHOP}/<act>": Door(_O, act="confirm"),
    f"{_SHOP}/amend": Door(_O),
    f"{_SHOP}/cancel": Door(_O),
    f"{_SHOP}/money": Door(_S),
    f"{_SHOP}/slip": Door(_O),
    "/h5/merchant/reviews/<order_id>": Door(_O, MERCHANTS, form={"text": "谢谢"}),
    "/h5/courier/drops/<drop_id>": Door(_D),
    "/gate/visits/<visit_id>": Door(_D),
    "/gate/visits/<visit_id>/<act>": Door(_D, act="admit"),
    _DESK: Door(_O, STAFF),
    f"{_DESK}/cancel": Door(_O, STAFF),
    f"{_DESK}/money/refund": Door(_O, STAFF),
    f"{_DESK}/record.pdf": Door(_O, STAFF),
    "/console/disputes/<dispute_id>": Door(_O, STAFF),
    "/console/disputes/<dispute_id>/<act>": Door(_O, STAFF, act="take"),
    "/console/reviews/<order_id>/<act>": Door(_O, STAFF, act="hide", form={"reason": "辱骂"}),
    "/console/sagas/<saga_id>/retry": Door(_O, STAFF),
    "/console/money/funds/<owner_kind>/<owner_id>": Door(_S, STAFF),
    "/console/money/payments/<payment_id>/take": Door(_S, STAFF, form={"paid_with": "cash"}),
    "/console/money/receipts/<payment_id>": Door(_S, STAFF),
    "/console/money/refunds/<refund_id>/<act>": Door(_S, STAFF, act="retry"),
}
OPEN = {
    "/h5/stores/<store_id>": "a shop's shelf and score",
    "/h5/stores/<store_id>/reviews": "a shop's reviews",
    "/pay/back/<payment_id>": "sends the payer on to the payment's page",
    "/files/<path:key>": "by a link that was drawn for one session",
}
"""What anybody may open, and why that tells nothing."""
LISTS = {
    *("/h5/", "/h5/orders", "/h5/me", "/h5/account", "/h5/cards", "/h5/stores", "/h5/checkout"),
    *("/h5/merchant/", "/h5/merchant/desk/pulse", "/h5/merchant/orders", "/h5/merchant/cases"),
    *("/h5/merchant/orders.xlsx", "/h5/merchant/pick-up", "/h5/merchant/reviews"),
    *("/h5/merchant/settled", "/h5/merchant/statement.xlsx", "/h5/merchant/balance"),
    *("/h5/merchant/cards", "/h5/courier/", "/h5/courier/pass", "/gate/", "/gate/inside"),
    *("/console/", "/console/orders", "/console/disputes", "/console/disputes/merchants"),
    *("/console/precedents", "/console/reviews", "/console/sagas", "/console/visits"),
    "/console/audit",
}
"""Without an id in the address: one's own, or what the service finds in the staff's reach."""


def open_world(app: Flask, folder: Path) -> World:
    """Every service answers everything, as long as nobody says otherwise; no limits of rate."""
    made = collaborators(settings(folder, **NO_LIMITS))
    app.extensions[EXTENSION] = make_parts(*made)
    world = world_of(app)
    world.services.answers |= ANSWERS | money_world() | deals_world()
    return world


class Refusing(dict[str, Any]):
    """Answers of services of which some say the same no to everything."""

    def __init__(self, answers: dict[str, Any], services: set[str], error: LinliError) -> None:
        super().__init__(answers)
        self._services, self._error = services, error

    def get(self, name: str, default: Any = None) -> Any:
        """The no, or the answer."""
        refuses = name.partition(".")[0] in self._services
        return self._error if refuses else super().get(name, default)


def address(rule: str, act: str = "") -> str:
    """The rule with something in each place."""
    said = {"act": act, "way": "wechat_native", "owner_kind": "merchant"}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda place: said.get(place[1], ORDER), rule)


def example(schema: dict[str, Any], whole: dict[str, Any] | None = None) -> Any:
    """Something that a JSON schema takes, no more than it must be."""
    whole = whole or schema
    if "$ref" in schema:
        return example(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], whole)
    made: dict[str, Callable[[], Any]] = {
        "object": lambda: _object(schema, whole),
        "array": lambda: [example(schema["items"], whole)] * schema.get("minItems", 0),
        "integer": lambda: schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1),
        "boolean": lambda: True,
        "string": lambda: _string(schema),
    }
    return made[schema["type"]]()


def _object(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", [])
    return {name: example(schema["properties"][name], whole) for name in required}


def _string(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date":
        return "2026-03-01"
    if schema.get("format") == "date-time":
        return "2026-03-01T04:00:00Z"
    pattern = str(schema.get("pattern", ""))
    for candidate in (ORDER, "12345678", "a" * 64, "6222021234567890"):
        if pattern and re.search(pattern, candidate):
            return candidate
    return "x" * max(2, int(schema.get("minLength", 0)))
