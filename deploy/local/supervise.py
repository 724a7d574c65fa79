"""Keeps the parts of one installation running until it is told to stop them: a process of its own.

It reads one-line commands from the pipe `run/control` (start NAME, stop NAME, shutdown), each
part's plan from `run/plans/NAME.json`, and writes what it sees to `run/parts.json`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import processes, rotation
from .home import Home, write_private
from .parts import Part, mark, read_plan, stop_order

TICK_S = 0.5
ROTATE_EACH_S = 5.0
BACK_OFF_FIRST_S = 0.5
BACK_OFF_LAST_S = 30.0
STEADY_S = 60.0  # a part that ran this long is forgiven its earlier ends
COMMAND_LIMIT_S = 60.0


@dataclass
class Kept:
    """One part under care."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    identity: processes.Identity | None = None
    since: float = 0.0
    restarts: int = 0
    back_off_s: float = BACK_OFF_FIRST_S
    start_again_at: float | None = None
    last_exit: int | None = None

    @property
    def state(self) -> str:
        if self.process is not None:
            return "running"
        return "waiting" if self.start_again_at is not None else "stopped"


class Supervisor:
    """Starts, restarts and ends the parts of one installation."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._kept: dict[str, Kept] = {}
        self._ending = False
        self._rotated_at = 0.0

    def run(self, control: int) -> None:
        """Serve until the shutdown is done."""
        wake_read, wake_write = os.pipe()
        for end in (wake_read, wake_write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "_ending", True))
        self.write_state()
        while not self._ending:
            ready, _, _ = select.select([control, wake_read], [], [], TICK_S)
            drain(wake_read)
            for words in commands(control) if control in ready else ():
                self.obey(words)
            self.tick(time.monotonic())
        self.shut_down()

    def obey(self, words: list[str]) -> None:
        match words:
            case ["start", name]:
                self.begin(name)
            case ["stop", name]:
                self.end(name)
            case ["shutdown"]:
                self._ending = True
            case _:
                print(f"unknown command: {words}", flush=True)

    def begin(self, name: str) -> None:
        """Start a part by its newest plan; one that runs already is left alone."""
        kept = self._kept.get(name)
        if kept is None or kept.process is None:
            self._kept[name] = kept = Kept(read_plan(self._home, name))
            self.spawn(kept)
        self.write_state()

    def spawn(self, kept: Kept) -> None:
        part = kept.part
        self.sweep(part.name)
        for command in part.before:
            run_quietly(command)
        kept.start_again_at = None
        log = self._home.logs / f"{part.name}.log"
        with open(log, "ab") as output:
            try:
                kept.process = subprocess.Popen(
                    part.argv,
                    cwd=part.folder,
                    env=part.marked_environment(self._home),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as problem:
                output.write(f"{part.name} can not be started: {problem}\n".encode())
                self.plan_restart(kept, time.monotonic())
                return
        kept.identity = processes.identify(kept.process.pid)
        kept.since = time.time()

    def tick(self, now: float) -> None:
        """Notice ended parts, start those whose time has come, keep the logs small."""
        changed = False
        for kept in self._kept.values():
            if kept.process is not None and kept.process.poll() is not None:
                self.mourn(kept, now)
                changed = True
            elif kept.start_again_at is not None and now >= kept.start_again_at:
                kept.restarts += 1
                self.spawn(kept)
                changed = True
        if now - self._rotated_at > ROTATE_EACH_S:
            self._rotated_at = now
            rotation.rotate_all(self._home.logs)
        if changed:
            self.write_state()

    def mourn(self, kept: Kept, now: float) -> None:
        assert kept.process is not None
        kept.last_exit = kept.process.returncode
        kept.process = kept.identity = None
        print(f"{kept.part.name} ended with {kept.last_exit}", flush=True)
        if time.time() - kept.since > STEADY_S:
            kept.back_off_s = BACK_OFF_FIRST_S
        self.plan_restart(kept, now)

    def plan_restart(self, kept: Kept, now: float) -> None:
        kept.start_again_at = now + kept.back_off_s
        kept.back_off_s = min(kept.back_off_s * 2, BACK_OFF_LAST_S)

    def end(self, name: str) -> None:
        """Stop a part and keep it stopped."""
        kept = self._kept.get(name)
        if kept is None:
            return
        kept.start_again_at = None
        if kept.process is not None:
            with contextlib.suppress(ProcessLookupError):
                kept.process.send_signal(kept.part.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                kept.process.wait(kept.part.grace_s)
            kept.process.kill()
            kept.last_exit = kept.process.wait()
            kept.process = kept.identity = None
        self.sweep(name)
        if kept.part.ended_by:
            run_quietly(kept.part.ended_by)
        self.write_state()

    def sweep(self, name: str) -> None:
        """End what a part has left behind: children whose parent was killed."""
        left = [processes.identify(pid) for pid in processes.marked(mark(self._home, name))]
        processes.stop_all([one for one in left if one is not None], grace_s=5)

    def shut_down(self) -> None:
        for name in stop_order(list(self._kept)):
            self.end(name)
        self._kept.clear()
        self.write_state()

    def write_state(self) -> None:
        state = {
            "supervisor": describe(processes.identify(os.getpid())),
            "ending": self._ending,
            "parts": {name: shown(kept) for name, kept in self._kept.items()},
        }
        write_private(self._home.run / "parts.json", json.dumps(state, indent=1))


def describe(identity: processes.Identity | None) -> dict[str, object] | None:
    return None if identity is None else vars(identity)


def shown(kept: Kept) -> dict[str, object]:
    return {
        "state": kept.state,
        "process": describe(kept.identity),
        "since": kept.since,
        "restarts": kept.restarts,
        "last_exit": kept.last_exit,
    }


def run_quietly(command: list[str]) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=COMMAND_LIMIT_S, check=False)


def drain(pipe: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(pipe, 4096):
            pass


def commands(control: int) -> Iterator[list[str]]:
    """Whole lines waiting in the pipe; writers send less than PIPE_BUF, so none comes torn."""
    with contextlib.suppress(BlockingIOError):
        for line in os.read(control, 65536).decode().splitlines():
            yield line.split()


def main() -> None:
    """Go on in a child without terminal or parent; the caller returns at once."""
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    home = Home(Path(sys.argv[1]))
    pipe = home.run / "control"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe, 0o600)
    # Opened for both ways, so that it never reads as ended when a writer closes.
    control = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        Supervisor(home).run(control)
    finally:
        pipe.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
