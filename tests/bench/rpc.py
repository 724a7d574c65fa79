"""`rpc`: our client and service, stock nameko, the bare broker; interleaved, median of rounds."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import amqp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nameko.standalone.rpc import ClusterRpcProxy

from services.kernel.dead import connect as raw_connect
from services.kernel.rpc_client import connect
from services.kernel.wire import Query, View
from tests.bench.figures import Figure, median, say

ROUNDS, SERIAL_CALLS, WINDOW_CALLS, WINDOW = 5, 300, 1500, 50
TEXT = "x" * 200


class Ask(Query):
    text: str = ""
    sleep_ms: int = 0


class Echo(View):
    text: str


def run() -> list[Figure]:
    """Measure; everything that is started is stopped."""
    url = os.environ["LINLI_AMQP_URL"]
    with ExitStack() as stack:
        stack.enter_context(_program("tests.bench.raw_echo", url, "bench-raw-echo"))
        stack.enter_context(_program("tests.bench.stock_service", url))
        stack.enter_context(_probe(url))
        raw = stack.enter_context(_raw_client(url))
        ours = connect(url, "bench")
        stack.callback(ours.client.stop)
        stock = stack.enter_context(ClusterRpcProxy({"AMQP_URI": url}))
        return _measure(
            raw,
            lambda: ours.probe.echo(Ask(text=TEXT), answer=Echo, deadline_ms=10_000),
            lambda: stock.stock.echo({"text": TEXT}),
            stock.stock.echo.call_async,
        )


def _measure(
    raw: Callable[[], Any], ours: Callable[[], Any], stock: Callable[[], Any], stock_async: Any
) -> list[Figure]:
    serial: dict[str, list[float]] = {"raw": [], "ours": [], "stock": []}
    window: dict[str, list[float]] = {"ours": [], "stock": []}
    for call in (raw, ours, stock):
        _each_s(call, 50)
    for number in range(ROUNDS):
        say(f"rpc: round {number + 1} of {ROUNDS}")
        for name, call in (("raw", raw), ("ours", ours), ("stock", stock)):
            serial[name].append(_each_s(call, SERIAL_CALLS))
        window["ours"].append(_window_rate(ours))
        window["stock"].append(_stock_window_rate(stock_async))
    ours_s, raw_s, stock_s = (median(serial[name]) for name in ("ours", "raw", "stock"))
    over = median([o / r for o, r in zip(serial["ours"], serial["raw"], strict=True)])
    over_stock = median([o / s for o, s in zip(window["ours"], window["stock"], strict=True)])
    return [
        Figure("rpc", "rpc.raw_serial_ms", raw_s * 1000, "ms"),
        Figure("rpc", "rpc.serial_ms", ours_s * 1000, "ms"),
        Figure("rpc", "rpc.stock_serial_ms", stock_s * 1000, "ms"),
        Figure("rpc", "rpc.serial_over_raw", over, "x", "<= 1.7"),
        Figure("rpc", "rpc.stock_serial_over_raw", stock_s / raw_s, "x"),
        Figure("rpc", "rpc.window_rate", median(window["ours"]), "calls/s"),
        Figure("rpc", "rpc.stock_window_rate", median(window["stock"]), "calls/s"),
        Figure("rpc", "rpc.window_over_stock", over_stock, "x", ">= 2.0"),
    ]


def _each_s(call: Callable[[], Any], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times


def _window_rate(call: Callable[[], Any]) -> float:
    """Calls a second with fifty of them under way at each moment."""
    began = time.perf_counter()
    per_thread = WINDOW_CALLS // WINDOW
    threads = [
        threading.Thread(target=lambda: [call() for _ in range(per_thread)]) for _ in range(WINDOW)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return WINDOW * per_thread / (time.perf_counter() - began)


def _stock_window_rate(call_async: Callable[..., Any]) -> float:
    """The stock client is not thread-safe: its own asynchronous calls keep fifty under way."""
    began = time.perf_counter()
    waiting: list[Any] = []
    for _ in range(WINDOW_CALLS):
        if len(waiting) == WINDOW:
            waiting.pop(0).result()
        waiting.append(call_async({"text": TEXT}))
    for reply in waiting:
        reply.result()
    return WINDOW_CALLS / (time.perf_counter() - began)


@contextmanager
def _raw_client(url: str) -> Iterator[Callable[[], bytes]]:
    connection = raw_connect(url)
    channel = connection.channel()
    reply_queue = channel.queue_declare("", exclusive=True).queue
    replies: list[Any] = []
    channel.basic_consume(reply_queue, no_ack=True, callback=replies.append)
    body = TEXT.encode()

    def call() -> bytes:
        message = amqp.Message(body, correlation_id="1", reply_to=reply_queue, delivery_mode=1)
        channel.basic_publish(message, "", "bench-raw-echo")
        while not replies:
            connection.drain_events(timeout=10)
        answer: bytes = replies.pop().body
        return answer

    yield call
    connection.close()


@contextmanager
def _program(module: str, *arguments: str, env: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if env is None:
            assert process.stdout is not None
            assert process.stdout.readline(), f"{module} did not start"
        yield
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _probe(url: str) -> Iterator[None]:
    """The tests' probe service: our kernel without any business; echo needs no table."""
    with tempfile.TemporaryDirectory() as run_dir:
        env = {
            "LINLI_PROBE_AMQP_URL": url,
            "LINLI_PROBE_DATABASE_URL": os.environ["LINLI_ORDERS_DATABASE_URL"],
            "LINLI_PROBE_ACTOR_PUBLIC_KEY": _public_key(),
            "LINLI_PROBE_RUN_DIR": run_dir,
            "LINLI_PROBE_LOG_LEVEL": "ERROR",
            "LINLI_PROBE_MAX_WORKERS": "50",
        }
        with _program("tests.support.probe_service", env=env):
            state = Path(run_dir) / "probe.json"
            ends_at = time.monotonic() + 20
            while not state.exists():
                assert time.monotonic() < ends_at, "the probe service did not start"
                time.sleep(0.05)
            yield


def _public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
