"""`orders`: from the tap to the paid order over HTTP, beside the bare transaction of an order.

Then carts of three stores, one hot SKU beside many, a desk, a list of a million past orders.
"""

from deploy.demo.clients import Person
from deploy.demo.connection import openid_of
from deploy.local.home import current_home
from deploy.local.installation import Installation
from tests.bench import desk, raw_transaction
from tests.bench.figures import Figure, median, quantile, say
from tests.bench.shopper import Shopper, Tally, counted_skus, run_clients, unlimited_skus
from tests.bench.stage import cpu_seconds, private_installation

ROUNDS, SECONDS, RAW_SECONDS, WARM_UP_SECONDS = 3, 8.0, 3.0, 4.0


def run() -> list[Figure]:
    """Measure with 8 and with 32 clients, the raw transaction interleaved."""
    with private_installation(current_home().root) as installation:
        shoppers = hire(installation, 32)
        say("orders: warming up")
        run_clients(shoppers[:8], Shopper.buy, WARM_UP_SECONDS)
        figures = _measure(installation, shoppers)
        figures += _three_stores(shoppers[:8])
        figures += _hot_sku(installation, shoppers)
        return figures + desk.run(installation)


def hire(installation: Installation, number: int) -> list[Shopper]:
    """Signed-in residents."""
    environment = installation.environment
    gateway, sandbox = installation.addresses["gateway"], installation.addresses["sandbox"]
    app_id = environment["LINLI_MARKETING_WECHAT_APP_ID"]
    return [Shopper(gateway, sandbox, app_id, n) for n in range(number)]


def _three_stores(shoppers: list[Shopper]) -> list[Figure]:
    say("orders: carts of three stores")
    for number, shopper in enumerate(shoppers):
        shopper.cart = unlimited_skus(number, stores=3)
    tally = run_clients(shoppers, Shopper.buy, SECONDS)
    return [
        Figure("orders", "orders.three_stores_rate", tally.rate * 3, "orders/s"),
        Figure("orders", "orders.three_stores_p95_ms", quantile(tally.seconds, 0.95) * 1000, "ms"),
        Figure("orders", "orders.three_stores_errors", len(tally.errors), "", "<= 0"),
    ]


def _hot_sku(installation: Installation, shoppers: list[Shopper]) -> list[Figure]:
    """32 buyers of one counted SKU beside 32 buyers of 32, three times each in turn."""
    say("orders: one hot SKU")
    skus = counted_skus(len(shoppers))
    for keeper_key, sku_id in skus:
        _count(installation, keeper_key, sku_id)
    costs: dict[str, list[float]] = {"hot": [], "many": []}
    errors = 0
    for _ in range(ROUNDS):
        for kind, seconds in costs.items():
            for number, shopper in enumerate(shoppers):
                shopper.cart = [skus[number if kind == "many" else 0][1]]
            tally = run_clients(shoppers, Shopper.buy, SECONDS / 2)
            seconds.append(1 / max(tally.rate, 0.001))
            errors += len(tally.errors)
    hot, many = median(costs["hot"]), median(costs["many"])
    return [
        Figure("orders", "orders.hot_over_many", hot / many, "x", "<= 3"),
        Figure("orders", "orders.hot_errors", errors, "", "<= 0"),
    ]


def _count(installation: Installation, keeper_key: str, sku_id: str) -> None:
    """Enough pieces for everybody."""
    environment = installation.environment
    app_id = environment["LINLI_MARKETING_WECHAT_APP_ID"]
    gateway, sandbox = installation.addresses["gateway"], installation.addresses["sandbox"]
    keeper = Person(gateway, sandbox, openid_of(keeper_key), app_id)
    keeper.put(f"/skus/{sku_id}/stock", {"stock": 1_000_000})


def _measure(installation: Installation, shoppers: list[Shopper]) -> list[Figure]:
    admin_url = installation.environment["LINLI_DATABASE_URL"]
    eight, raw_rates, ratios = [], [], []
    cpu: dict[str, float] = {}
    for number in range(ROUNDS):
        say(f"orders: round {number + 1} of {ROUNDS}")
        raw_rates.append(raw_transaction.rate(admin_url, "linlibench_raw", RAW_SECONDS))
        before = cpu_seconds(installation)
        eight.append(run_clients(shoppers[:8], Shopper.buy, SECONDS))
        after = cpu_seconds(installation)
        cpu = {name: cpu.get(name, 0) + after[name] - before[name] for name in after}
        ratios.append(eight[-1].rate / raw_rates[-1])
    crowd = run_clients(shoppers, Shopper.buy, SECONDS)
    return _figures(eight, crowd, raw_rates, ratios, cpu)


def _figures(
    eight: list[Tally],
    crowd: Tally,
    raw_rates: list[float],
    ratios: list[float],
    cpu: dict[str, float],
) -> list[Figure]:
    times = [s for tally in eight for s in tally.seconds]
    errors = [error for tally in (*eight, crowd) for error in tally.errors]
    for error in errors[:5]:
        say(f"orders: {error}")
    figures = [
        Figure("orders", "orders.raw_transaction_rate", median(raw_rates), "tx/s"),
        Figure("orders", "orders.rate", median([t.rate for t in eight]), "orders/s"),
        Figure("orders", "orders.rate_over_raw", median(ratios), "x", ">= 0.02"),
        Figure("orders", "orders.p50_ms", quantile(times, 0.50) * 1000, "ms"),
        Figure("orders", "orders.p95_ms", quantile(times, 0.95) * 1000, "ms"),
        Figure("orders", "orders.p99_ms", quantile(times, 0.99) * 1000, "ms", "<= 400"),
        Figure("orders", "orders.rate_32_clients", crowd.rate, "orders/s"),
        Figure("orders", "orders.p99_32_clients_ms", quantile(crowd.seconds, 0.99) * 1000, "ms"),
        Figure("orders", "orders.errors", len(errors), "", "<= 0"),
    ]
    return figures + [
        Figure("orders", f"orders.cpu_ms.{name}", seconds * 1000 / len(times), "ms/order")
        for name, seconds in cpu.items()
    ]
