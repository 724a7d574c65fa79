"""Is it alive, can it serve, and what does it measure."""

import ipaddress
import time

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.answers import json
from gateway.errors import NoSuchPage
from gateway.parts import parts
from services.kernel.metrics import BUCKETS_S, exposition

blueprint = Blueprint("health", __name__)
REQUESTS = Counter("linli_http_requests_total", "HTTP requests", ["route", "method", "status"])
SECONDS = Histogram(
    "linli_http_request_seconds", "Time in the gateway per request", ["route"], buckets=BUCKETS_S
)
NO_ROUTE = "none"
"""One label for everything that matches no route: addresses from outside must not become labels."""


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process turns."""
    return json({"alive": True})


@blueprint.get("/readyz")
def readyz() -> Response:
    """The broker is connected, so that services can be asked."""
    missing = parts().missing()
    return json({"missing": missing}, 503 if missing else 200)


@blueprint.get("/metrics")
def metrics() -> Response:
    """This process's figures; all worker processes' where Prometheus' shared folder is set up."""
    _check_reader()
    if not values.ValueClass._multiprocess:
        return Response(exposition(), mimetype="text/plain")
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), mimetype="text/plain")


def _check_reader() -> None:
    reader = ipaddress.ip_address(request.remote_addr or "0.0.0.0")
    networks = parts().settings.metrics_from.split(",")
    if not any(reader in ipaddress.ip_network(network.strip()) for network in networks):
        raise NoSuchPage()


def start_clock() -> None:
    """From here a request is timed."""
    g.started_s = time.perf_counter()


def measure(response: Response) -> Response:
    """Count the answer and its time under its route."""
    route = request.url_rule.rule if request.url_rule else NO_ROUTE
    REQUESTS.labels(route, request.method, response.status_code).inc()
    if "started_s" in g:
        SECONDS.labels(route).observe(time.perf_counter() - g.started_s)
    return response


def register(app: Flask) -> None:
    """Serve the three addresses and measure every request."""
    app.before_request(start_clock)
    app.after_request(measure)
    app.register_blueprint(blueprint)
