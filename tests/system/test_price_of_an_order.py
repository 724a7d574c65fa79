"""What one order costs in statements and calls, so that nobody adds one unseen."""

import re
import time
from collections import Counter

import pytest
import requests

from deploy.local.home import SERVICES
from deploy.local.ready import service_file
from tests.support.servers import wait_until
from tests.system.life import Life

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("audited")]
ORDERS = 10
STATEMENTS_MAX, CALLS_MAX = 34, 8
"""Place, prepay, notice and every consumer, over all services; the aim is 25 and 8."""


def metrics(life: Life) -> Counter[str]:
    """Statements by service and origin, and calls by method, over all processes."""
    texts = {"gateway": requests.get(f"{life.gateway}/metrics", timeout=10).text}
    for service in SERVICES:
        written = service_file(life.installation.home, service)
        assert written is not None
        address = f"http://127.0.0.1:{written['health_port']}/metrics"
        texts[service] = requests.get(address, timeout=10).text
    found: Counter[str] = Counter()
    for process, text in texts.items():
        for origin, count in re.findall(
            r'^linli_sql_statements_total\{origin="(\w+)"\} ([\d.e+]+)', text, re.M
        ):
            found[f"sql {process} {origin}"] += int(float(count))
        for method, count in re.findall(
            r'^linli_rpc_called_total\{method="([\w.]+)",outcome="ok"\} ([\d.e+]+)', text, re.M
        ):
            found[f"call {method}"] += int(float(count))
    return found


def test_an_order_stays_within_its_price_in_statements_and_calls(life: Life) -> None:
    resident = life.resident(4)
    paid = "SELECT COUNT(*) FROM sales_order WHERE state = 'awaiting_confirmation'"
    resident.me()  # the session's token is fresh and cached from here on
    before_paid = life.scalar("orders", paid)
    before = metrics(life)
    for _ in range(ORDERS):
        life.pay(resident, life.order(resident, 4)["payment_id"])
    wait_until(lambda: life.scalar("orders", paid) == before_paid + ORDERS, 30)
    time.sleep(1.5)  # the last consumers, and the notice to the merchant
    spent = metrics(life) - before
    statements = Counter(
        {
            name: count
            for name, count in spent.items()
            if name.startswith("sql ") and name.endswith((" rpc", " event"))
        }
    )
    calls = Counter({name: count for name, count in spent.items() if name.startswith("call ")})
    # A session's token is read anew once a minute, whatever is ordered meanwhile.
    calls.pop("call identity.actor_token", None)
    assert statements.total() / ORDERS <= STATEMENTS_MAX, statements
    assert calls.total() / ORDERS <= CALLS_MAX, calls
