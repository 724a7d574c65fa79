"""Metrics that a person on duty asks for, in Prometheus' format."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

STATEMENTS = Counter("linli_sql_statements_total", "SQL statements sent", ["origin"])
CALLS = Counter("linli_rpc_handled_total", "RPC requests handled", ["method", "outcome"])
CALL_SECONDS = Histogram(
    "linli_rpc_handled_seconds", "Time in the service per RPC", ["method"], buckets=BUCKETS_S
)
CLIENT_CALLS = Counter("linli_rpc_called_total", "RPC requests sent", ["method", "outcome"])
JUNK = Counter(
    "linli_messages_junk_total", "Messages dropped as undecodable or without a reply", ["why"]
)
EVENTS = Counter("linli_events_handled_total", "Events handled", ["event", "outcome"])
OUTBOX_SENT = Counter("linli_outbox_sent_total", "Events confirmed by the broker")
OUTBOX_RETURNED = Counter("linli_outbox_returned_total", "Events that no queue took")
OUTBOX_WAITING = Gauge("linli_outbox_waiting", "Outbox rows not yet confirmed")
OUTBOX_OLDEST_S = Gauge("linli_outbox_oldest_seconds", "Age of the oldest unconfirmed outbox row")
RERUNS = Counter("linli_use_case_reruns_total", "Use cases run again after a deadlock", ["method"])
JOBS = Counter("linli_jobs_total", "Scheduled runs", ["job", "outcome"])


def exposition() -> bytes:
    """All metrics of this process as text."""
    return generate_latest(REGISTRY)
