"""What a running process tells those who watch it: a state file, and whether it is ready."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.kernel import clock, jsons
from services.kernel.process import ProcessExtension


def write_state(run_dir: str, service: str, health_port: int) -> None:
    """`<run dir>/<service>.json` and `<service>-<pid>.json`: pid, health port, since when."""
    if not run_dir:
        return
    state = {
        "service": service,
        "pid": os.getpid(),
        "health_port": health_port,
        "started_at": clock.now().isoformat(),
    }
    for name in (f"{service}.json", f"{service}-{os.getpid()}.json"):
        path = Path(run_dir) / name
        draft = path.with_suffix(f".{os.getpid()}.draft")
        draft.write_bytes(jsons.dumps(state))
        draft.replace(path)  # readers see the old file or the new one, never half of one


def ready_check(container: Any) -> Callable[[], list[str]]:
    """A function that names what is missing: links to the broker, the database."""

    def missing() -> list[str]:
        absent = []
        for extension in container.extensions:
            link = getattr(extension, "link", None)
            if link is not None and not link.is_open:
                absent.append(type(extension).__name__)
            if isinstance(extension, ProcessExtension):
                absent += _missing_of(extension.process)
        return sorted(absent)

    return missing


def _missing_of(process: Any) -> list[str]:
    absent = []
    if not process.publisher.link.is_open:
        absent.append("publisher")
    if not process.services.client.link.is_open:
        absent.append("rpc client")
    try:
        with process.db.reading() as tx:
            tx.scalar(text("SELECT 1"))
    except SQLAlchemyError:
        absent.append("database")
    return absent
