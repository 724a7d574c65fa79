"""Ports on this container's loopback that lead to other containers, as they do on the host."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

CHUNK = 65536
OPEN_LIMIT_S = 5


def open_doors(targets: Mapping[int, str]) -> None:
    """Forward each port to the address behind it, until the process ends."""
    ready = threading.Event()
    threading.Thread(target=lambda: asyncio.run(serve(targets, ready)), daemon=True).start()
    if not ready.wait(OPEN_LIMIT_S):
        raise SystemExit(f"the ports {sorted(targets)} could not be opened")


async def serve(targets: Mapping[int, str], ready: threading.Event) -> None:
    for port, url in targets.items():
        await asyncio.start_server(Door(url).enter, "127.0.0.1", port)
    ready.set()
    await asyncio.Event().wait()


class Door:
    """One address behind a port."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self._host, self._port = at.hostname, at.port

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until one side ends."""
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
