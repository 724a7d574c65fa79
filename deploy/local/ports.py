"""Ports of this installation: chosen once and kept, unless somebody else took one."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path

from .home import write_private
from .problem import Problem

LOOPBACK = "127.0.0.1"
# Below Linux's range for outgoing connections (32768 and up), so that no client socket sits on one.
FIRST, LAST = 20000, 32000
TRIES_MAX = 200


def is_free(port: int) -> bool:
    """Whether nobody listens on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without it a port whose last connection is in TIME_WAIT would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


class Ports:
    """The ports of one installation, by name, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}

    def __getitem__(self, name: str) -> int:
        return self._kept[name]

    def __contains__(self, name: str) -> bool:
        return name in self._kept

    def claim(self, name: str, preferred: int | None = None) -> int:
        """The port for a part that is not running: the kept one if free, the preferred, any."""
        for candidate in (self._kept.get(name), preferred):
            if candidate is not None and self._usable(name, candidate):
                return self._keep(name, candidate)
        for _ in range(TRIES_MAX):
            candidate = random.randrange(FIRST, LAST)
            if self._usable(name, candidate):
                return self._keep(name, candidate)
        raise Problem(f"No free port for {name} between {FIRST} and {LAST}.")

    def insist(self, name: str, port: int) -> int:
        """Take the port that a person asked for, or say that somebody else has it."""
        if not is_free(port):
            raise Problem(f"Port {port}, asked for {name}, is taken by another program.")
        return self._keep(name, port)

    def _usable(self, name: str, port: int) -> bool:
        others = {kept for other, kept in self._kept.items() if other != name}
        return port not in others and is_free(port)

    def _keep(self, name: str, port: int) -> int:
        if self._kept.get(name) != port:
            self._kept[name] = port
            write_private(self._path, json.dumps(self._kept, indent=1))
        return port
