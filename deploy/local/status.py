"""What runs, since when, where, and what it takes."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from . import environment, processes, servers
from .home import SERVICES, Home
from .keeper import Keeper
from .ports import LOOPBACK, Ports
from .ready import service_file

SAMPLE_S = 1.0
SHOWN_ORDER = ("database", "epmd", "broker", "services", "gateway", "sandbox")
KIB_PER_MIB = 1024


@dataclass
class Row:
    """One part as `status` shows it."""

    part: str
    up: bool
    since: str | None = None  # RFC 3339, UTC
    where: str = ""
    pid: int | None = None
    memory_mib: float = 0.0  # PSS, children included
    cpu_percent: float = 0.0  # of one core, over the sample
    restarts: int = 0


def report(home: Home) -> dict[str, Any]:
    """Every part of the installation, and the sums that matter."""
    rows, families = survey(home)
    measure(rows, families)
    own = [row for row in rows if row.part in SERVICES or row.part in ("gateway", "services")]
    return {
        "home": str(home.root),
        "up": bool(rows) and all(row.up for row in rows),
        "parts": [asdict(row) for row in rows],
        "services_and_gateway": {
            "memory_mib": round(sum(row.memory_mib for row in own), 1),
            "cpu_percent": round(sum(row.cpu_percent for row in own), 1),
        },
    }


def survey(home: Home) -> tuple[list[Row], dict[str, list[int]]]:
    """The rows without figures, and the processes that each row counts."""
    keeper = Keeper(home)
    state, where = keeper.state()["parts"], places(home)
    rows, families = [], {}
    rows.append(row_of("supervisor", keeper.supervisor(), str(home.run / "parts.json"), 0))
    families["supervisor"] = [rows[0].pid] if rows[0].pid else []
    for name in (part for part in SHOWN_ORDER if part in where):
        identity = keeper.part_process(name)
        restarts = state.get(name, {}).get("restarts", 0)
        row = row_of(name, identity, where.get(name, ""), restarts)
        row.up = row.up or where.get(name, "").startswith("given: ")
        rows.append(row)
        families[name] = processes.descendants(identity.pid) if identity else []
        if name == "services":
            split_services(home, rows, families)
    return rows, families


def split_services(home: Home, rows: list[Row], families: dict[str, list[int]]) -> None:
    """One row for each of the six; what is left of the family is their parent."""
    for service in SERVICES:
        written = service_file(home, service)
        pid = int(str(written["pid"])) if written else 0
        inside = pid in families["services"]
        place = f"health http://{LOOPBACK}:{written['health_port']}" if written and inside else ""
        row = row_of(service, processes.identify(pid) if inside else None, place, 0)
        rows.append(row)
        families[service] = processes.descendants(pid) if inside else []
        families["services"] = [one for one in families["services"] if one not in families[service]]


def row_of(name: str, identity: processes.Identity | None, where: str, restarts: int) -> Row:
    if identity is None:
        return Row(name, up=False, where=where, restarts=restarts)
    began = processes.started_at(identity.pid) or time.time()
    since = datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds")
    return Row(name, True, since, where, identity.pid, restarts=restarts)


def places(home: Home) -> dict[str, str]:
    """Where each part listens."""
    found: dict[str, str] = {"services": ""}
    at, variables = servers.saved(home), environment.load(home) or {}
    ports = Ports(home.run / "ports.json")
    for name, kind in (
        (("broker", at.broker_kind), ("database", at.database_kind)) if at is not None else ()
    ):
        url = at.broker_url if name == "broker" else at.database_url  # type: ignore[union-attr]
        found[name] = (
            f"{'given: ' if kind == 'given' else ''}{url.rpartition('@')[2].partition('/')[0]}"
        )
    if "epmd" in ports:
        found["epmd"] = f"{LOOPBACK}:{ports['epmd']}"
    for name in ("gateway", "sandbox"):
        if f"LINLI_{name.upper()}_URL" in variables:
            found[name] = variables[f"LINLI_{name.upper()}_URL"]
    return found


def measure(rows: list[Row], families: dict[str, list[int]]) -> None:
    """Fill in memory, and the processor's share over a short sample."""
    before = {name: sum(map(processes.cpu_s, family)) for name, family in families.items()}
    begun = time.monotonic()
    for row in rows:
        row.memory_mib = round(sum(map(processes.pss_kib, families[row.part])) / KIB_PER_MIB, 1)
    time.sleep(max(0.0, SAMPLE_S - (time.monotonic() - begun)))
    passed_s = time.monotonic() - begun
    for row in rows:
        used_s = sum(map(processes.cpu_s, families[row.part])) - before[row.part]
        row.cpu_percent = round(max(0.0, used_s) / passed_s * 100, 1)


def table(shown: dict[str, Any]) -> str:
    """The report for a person."""
    lines = [f"{'':2}{'part':12}{'since':22}{'memory':>10}{'cpu':>8}  where"]
    for row in shown["parts"]:
        mark = "✓" if row["up"] else "✗"
        memory = f"{row['memory_mib']:.1f} MiB" if row["pid"] else ""
        cpu = f"{row['cpu_percent']:.1f} %" if row["pid"] else ""
        since = local_time(row["since"]) if row["since"] else ("" if row["up"] else "not running")
        again = f"  (restarted {row['restarts']} times)" if row["restarts"] else ""
        lines.append(
            f"{mark} {row['part']:12}{since:22}{memory:>10}{cpu:>8}  {row['where']}{again}"
        )
    total = shown["services_and_gateway"]
    lines.append(
        f"  services and gateway: {total['memory_mib']:.1f} MiB, {total['cpu_percent']:.1f} % CPU"
    )
    return "\n".join(lines)


def local_time(since: str) -> str:
    return datetime.fromisoformat(since).astimezone().strftime("%Y-%m-%d %H:%M:%S")
