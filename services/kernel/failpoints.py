"""Named places where a drill may stop, break or slow a process.

`LINLI_FAILPOINTS=orders.place.after_commit=kill@1,settlement.notice.after_verify=sleep:200`
Kinds: `kill` (SIGKILL to oneself), `error` (raises FailpointError), `sleep:<ms>`; `@n` acts at the
n-th hit only. `kill` leaves `<run dir>/failpoint.<name>` behind, and does nothing where that file
already is: the process that comes up again passes. Without the setting a hit costs a look into an
empty dictionary.
"""

import os
import signal
import time
from pathlib import Path


class FailpointError(RuntimeError):
    """What a failpoint of kind `error` raises."""


_armed: dict[str, tuple[str, int]] = {}
_hits: dict[str, int] = {}
_run_dir = Path()


def arm(spec: str, run_dir: str = "") -> None:
    """Read the setting; ValueError when it does not parse."""
    global _run_dir
    _run_dir = Path(run_dir or ".")
    _armed.clear()
    _hits.clear()
    for part in filter(None, (piece.strip() for piece in spec.split(","))):
        name, _, action = part.partition("=")
        action, _, nth = action.partition("@")
        if action.split(":")[0] not in {"kill", "error", "sleep"}:
            raise ValueError(f"failpoint {part!r}: kill, error or sleep:<ms>, then maybe @n")
        _armed[name] = (action, int(nth or 0))


def hit(name: str) -> None:
    """Do what the setting says for this place; nothing as a rule."""
    if not _armed or name not in _armed:
        return
    action, nth = _armed[name]
    _hits[name] = _hits.get(name, 0) + 1
    if nth and _hits[name] != nth:
        return
    if action == "kill":
        _kill_once(name)
    elif action == "error":
        raise FailpointError(name)
    else:
        time.sleep(int(action.partition(":")[2]) / 1000)


def _kill_once(name: str) -> None:
    mark = _run_dir / f"failpoint.{name}"
    if mark.exists():
        return
    mark.write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)
