"""A store's desk with 1,000 open orders, and its list with 1,000,000 past ones.

The rows are copies of one real order, made by the database itself; what is measured is HTTP.
"""

import time
from collections.abc import Callable
from typing import Any

import requests
from sqlalchemy import text

from deploy.demo import names
from deploy.demo.clients import Person, sign_in_by_pages, wait_for
from deploy.demo.connection import demo_id, openid_of
from deploy.local.installation import Installation
from services.kernel.db import Database
from services.orders.tables import OrderRow
from tests.bench.figures import Figure, median, quantile, say
from tests.bench.shopper import Shopper

OPEN, PAST, AT_ONCE = 1_000, 1_000_000, 50_000
POLLS, PAGES = 300, 60
_CHANGED = {
    "order_id": "CONCAT(:prefix, LPAD(:first + seq, 21, '0'))",
    "payment_id": "CONCAT(:prefix, LPAD(:first + seq, 21, '0'))",
    "state": ":state",
    "deadline_at": "NULL",
    "remind_at": "NULL",
}
PAST_PREFIX, OPEN_PREFIX = "01GZX", "01GZZ"


def run(installation: Installation) -> list[Figure]:
    """Poll the desk, then page the list; a thousand past orders beside a million."""
    shop = names.community().shops[1]
    db = Database(installation.environment["LINLI_ORDERS_DATABASE_URL"])
    order_id = _one_paid(installation, shop.key)
    say(f"desk: {OPEN:,} open orders")
    _copy(db, order_id, OPEN_PREFIX, "awaiting_confirmation", 0, OPEN)
    figures = _poll(installation, shop)
    keeper = _person(installation, shop.keeper.key)
    path = f"/stores/{demo_id(shop.key)}/orders"
    _copy(db, order_id, PAST_PREFIX, "completed", 0, 1_000)
    few_ms = _page_ms(keeper, path, None)
    say(f"desk: {PAST:,} past orders")
    for first in range(1_000, PAST, AT_ONCE):
        _copy(db, order_id, PAST_PREFIX, "completed", first, min(AT_ONCE, PAST - first))
    first_ms = _page_ms(keeper, path, None)
    deep_ms = _page_ms(keeper, path, f"{PAST_PREFIX}{PAST // 3:021d}")
    return [
        *figures,
        Figure("orders", "orders.list_first_page_ms", first_ms, "ms"),
        Figure("orders", "orders.list_deep_page_ms", deep_ms, "ms"),
        Figure("orders", "orders.list_million_over_thousand", first_ms / few_ms, "x", "<= 1.5"),
        Figure("orders", "orders.list_deep_over_first", deep_ms / first_ms, "x", "<= 1.5"),
    ]


def _person(installation: Installation, key: str) -> Person:
    environment, at = installation.environment, installation.addresses
    app_id = environment["LINLI_MARKETING_WECHAT_APP_ID"]
    return Person(at["gateway"], at["sandbox"], openid_of(key), app_id)


def _one_paid(installation: Installation, shop_key: str) -> str:
    """A real order to copy."""
    environment, at = installation.environment, installation.addresses
    app_id = environment["LINLI_MARKETING_WECHAT_APP_ID"]
    resident = _person(installation, names.community().households[0].members[0].key)
    items = resident.get("/items", store_ids=demo_id(shop_key), limit=50)["items"]
    item = next(item for item in items if "delivery" in item["fulfilments"])
    shopper = Shopper(at["gateway"], at["sandbox"], app_id, 0)
    shopper.cart = [item["skus"][0]["sku_id"]]
    order_id, prepay_id = shopper.place()
    shopper.pay(prepay_id)
    shopper.wait_paid(order_id)
    return order_id


def _copy(db: Database, order_id: str, prefix: str, state: str, first: int, count: int) -> None:
    columns = [column.name for column in OrderRow.__table__.columns]
    values = [_CHANGED.get(name, f"o.{name}") for name in columns]
    statement = (
        f"INSERT INTO sales_order ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM sales_order AS o JOIN seq_1_to_{count} WHERE o.order_id = :order"
    )
    with db.transaction() as tx:
        tx.execute(
            text(statement),
            {"prefix": prefix, "first": first, "state": state, "order": order_id},
        )


def _poll(installation: Installation, shop: Any) -> list[Figure]:
    """What the desk's page asks every two seconds, unchanged as a rule."""
    gateway = installation.addresses["gateway"]
    browser = sign_in_by_pages(gateway, openid_of(shop.keeper.key))
    store_id = demo_id(shop.key)
    stamp = _person(installation, shop.keeper.key).get(f"/stores/{store_id}/desk")["stamp"]
    url = f"{gateway}/h5/merchant/desk/pulse"

    def ask(with_stamp: str, status: int) -> Callable[[], None]:
        def once() -> None:
            query = {"store_id": store_id, "stamp": with_stamp}
            answer = browser.get(url, params=query, timeout=15)
            assert answer.status_code == status, (answer.status_code, answer.text[:300])

        return once

    quiet = _times_ms(ask(stamp, requests.codes.no_content), POLLS)
    changed = _times_ms(ask("", requests.codes.ok), POLLS // 3)
    return [
        Figure("orders", "orders.desk_poll_p95_ms", quantile(quiet, 0.95), "ms", "<= 50"),
        Figure("orders", "orders.desk_changed_p95_ms", quantile(changed, 0.95), "ms"),
    ]


def _page_ms(keeper: Person, path: str, after: str | None) -> float:
    query = {"after": after} if after else {}
    wait_for(lambda: keeper.get(path, limit=20, **query)["items"], "a page")
    return median(_times_ms(lambda: keeper.get(path, limit=20, **query), PAGES))


def _times_ms(act: Callable[[], Any], times: int) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1000)
    return found
