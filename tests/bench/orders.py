"""`orders`: from the tap to the paid order over HTTP, beside the bare transaction of an order."""

from deploy.local.home import current_home
from deploy.local.installation import Installation
from tests.bench import raw_transaction
from tests.bench.figures import Figure, median, quantile, say
from tests.bench.shopper import Shopper, Tally, run_clients
from tests.bench.stage import cpu_seconds, private_installation

ROUNDS, SECONDS, RAW_SECONDS, WARM_UP_SECONDS = 3, 8.0, 3.0, 4.0


def run() -> list[Figure]:
    """Measure with 8 and with 32 clients, the raw transaction interleaved."""
    with private_installation(current_home().root) as installation:
        shoppers = hire(installation, 32)
        say("orders: warming up")
        run_clients(shoppers[:8], Shopper.buy, WARM_UP_SECONDS)
        return _measure(installation, shoppers)


def hire(installation: Installation, number: int) -> list[Shopper]:
    """Signed-in residents."""
    environment = installation.environment
    gateway, sandbox = installation.addresses["gateway"], installation.addresses["sandbox"]
    app_id = environment["LINLI_MARKETING_WECHAT_APP_ID"]
    return [Shopper(gateway, sandbox, app_id, n) for n in range(number)]


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
