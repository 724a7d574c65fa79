"""Run the sandbox until SIGTERM: `python -m deploy.sandbox --dir DIR --port P`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from deploy.sandbox import keys
from deploy.sandbox.app import create_app
from deploy.sandbox.trouble import Settings
from deploy.sandbox.world import open_world

REQUEST_THREADS = 16


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one gthread worker; the world is opened in the worker, after the fork."""

    def __init__(self, bind: str, directory: Path, settings: Settings) -> None:
        self._bind, self._directory, self._settings = bind, directory, settings
        super().__init__()

    def load_config(self) -> None:
        """The options of this server, all of them."""
        options: dict[str, Any] = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": "gthread",
            "threads": REQUEST_THREADS,
            "keepalive": 75,
            "timeout": 60,
            "graceful_timeout": 3,
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": "linli-sandbox",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called by gunicorn in the worker."""
        return create_app(open_world(self._directory, self._settings))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="keys, env.json and the state")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--webhook-url", default="", help="where pushed messages go")
    parser.add_argument("--webhook-mode", choices=("plain", "safe"), default="plain")
    parser.add_argument("--speed-up", type=float, default=60.0, help="divides the repeats' waits")
    parser.add_argument("--signtest-every", type=int, default=20, help="0: no probes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Make keys when there are none, then serve."""
    args = parse(argv)
    if not (args.dir / "env.json").exists():
        keys.main([str(args.dir), "--port", str(args.port)])
    keys.make_keys(args.dir)  # a folder of an older sandbox lacks the newer channels' keys
    settings = Settings(
        webhook_url=args.webhook_url,
        webhook_mode=args.webhook_mode,
        speed_up=args.speed_up,
        signtest_every=args.signtest_every,
    )
    Server(f"{args.host}:{args.port}", args.dir, settings).run()


if __name__ == "__main__":
    main()
