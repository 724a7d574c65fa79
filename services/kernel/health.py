"""`/healthz` (the process turns), `/readyz` (it can serve) and `/metrics` of one process."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from services.kernel import jsons
from services.kernel.metrics import exposition


class HealthServer:
    """A small HTTP server on loopback (by setting: elsewhere); `ready` names what is missing."""

    def __init__(self, host: str, port: int, ready: Callable[[], list[str]]) -> None:
        handler = type("Handler", (_Handler,), {"ready": staticmethod(ready)})
        self._server = ThreadingHTTPServer((host, port), handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        """Serve in the background."""
        thread = threading.Thread(target=self._server.serve_forever, args=(5,), daemon=True)
        thread.start()


class _Handler(BaseHTTPRequestHandler):
    ready: Callable[[], list[str]]
    timeout = 5

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, jsons.dumps({"alive": True}))
        elif self.path == "/readyz":
            missing = self.ready()
            self._answer(503 if missing else 200, jsons.dumps({"missing": missing}))
        elif self.path == "/metrics":
            self._answer(200, exposition(), "text/plain; version=0.0.4")
        else:
            self._answer(404, b"{}")

    def _answer(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds; they are not news."""
