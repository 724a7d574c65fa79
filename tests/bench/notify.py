"""`notify`: signed pay notices a second, held back first and then let go all at once."""

import time

from deploy.demo.clients import Phone
from deploy.local.home import current_home
from tests.bench.figures import Figure, say
from tests.bench.orders import hire
from tests.bench.shopper import Shopper, run_clients
from tests.bench.stage import private_installation

PAID_SECONDS, LIMIT_S = 8.0, 120.0


def run() -> list[Figure]:
    """Pay many orders while the channel keeps its notices, then count how fast they are taken."""
    with private_installation(current_home().root) as installation:
        phone = Phone(installation.addresses["sandbox"])
        shoppers = hire(installation, 8)
        phone.trouble(hold_notices=True)
        paid: list[str] = []

        def place_and_pay(shopper: Shopper) -> None:
            order_id, prepay_id = shopper.place()
            shopper.pay(prepay_id)
            paid.append(order_id)

        say("notify: paying orders while the notices are held back")
        run_clients(shoppers, place_and_pay, PAID_SECONDS)
        delivered = phone.get("notices", limit=1)["counts"]["delivered"]
        began = time.monotonic()
        phone.trouble()
        left = delivered + len(paid)
        while phone.get("notices", limit=1)["counts"]["delivered"] < left:
            if time.monotonic() - began > LIMIT_S:
                raise SystemExit("notify: the notices were not taken in time")
            time.sleep(0.02)
        rate = len(paid) / (time.monotonic() - began)
    return [
        Figure("notify", "notify.rate", rate, "notices/s"),
        Figure("notify", "notify.count", len(paid), "notices"),
    ]
