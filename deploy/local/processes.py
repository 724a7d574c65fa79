"""Processes as /proc tells of them; one is known by pid and start time, never by its pid alone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
POLL_S = 0.05
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Every part carries this variable: what is left of it is found even when its parent is gone.
MARK = "LINLI_PART"


@dataclass(frozen=True)
class Identity:
    """A process that can not be mistaken for a later one with the same number."""

    pid: int
    started_ticks: int
    boot: str

    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return identify(self.pid) == self


def boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before may hold anything."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text[text.rindex(")") + 2 :].split()


def identify(pid: int) -> Identity | None:
    """The running process with this number, or None."""
    fields = stat_fields(pid)
    if not fields or fields[0] in "ZX":
        return None
    return Identity(pid, int(fields[19]), boot_id())


def started_at(pid: int) -> float | None:
    """When a process began, in seconds since 1970."""
    fields = stat_fields(pid)
    if not fields:
        return None
    uptime_s = float((PROC / "uptime").read_text().split()[0])
    return time.time() - uptime_s + int(fields[19]) / TICKS_PER_S


def pids() -> Iterator[int]:
    for entry in os.listdir(PROC):
        if entry.isdigit():
            yield int(entry)


def marked(value: str) -> list[int]:
    """Processes that carry our mark with this value, or with a value below this folder.

    Those of a container are not ours, even if its folders have the same names.
    """
    exact, below = f"{MARK}={value}".encode(), f"{MARK}={value}/".encode()
    found, here = [], os.readlink(PROC / "self/ns/pid")
    for pid in pids():
        try:
            if os.readlink(PROC / str(pid) / "ns/pid") != here:
                continue
            variables = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(one == exact or one.startswith(below) for one in variables):
            found.append(pid)
    return found


def descendants(pid: int) -> list[int]:
    """The process and everything that came from it."""
    children: dict[int, list[int]] = {}
    for one in pids():
        fields = stat_fields(one)
        if fields:
            children.setdefault(int(fields[1]), []).append(one)
    family = [pid]
    for member in family:
        family.extend(children.get(member, ()))
    return family


def pss_kib(pid: int) -> int:
    """Memory of one process with its share of what it shares; 0 when it is gone or not ours."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:"), 0)


def cpu_s(pid: int) -> float:
    """Processor time that a process has used so far, in seconds."""
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S if fields else 0.0


def send(process: Identity, number: int) -> None:
    """Signal this very process; a later one with the same number is left alone."""
    if process.alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def stop_all(processes: list[Identity], grace_s: float, first: int = signal.SIGTERM) -> None:
    """End processes: ask, wait up to the grace, then kill; returns when they are gone."""
    for process in processes:
        send(process, first)
    if not wait_gone(processes, grace_s):
        for process in processes:
            send(process, signal.SIGKILL)
        wait_gone(processes, 10)


def wait_gone(processes: list[Identity], limit_s: float) -> bool:
    """Whether all of them ended within the limit."""
    end = time.monotonic() + limit_s
    while any(process.alive() for process in processes):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True
