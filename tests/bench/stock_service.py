"""A service of stock nameko with its default settings, to be compared with."""

import eventlet

eventlet.monkey_patch()

import sys

from nameko.rpc import rpc
from nameko.runners import ServiceRunner


class StockService:
    name = "stock"

    @rpc
    def echo(self, query: dict[str, str]) -> dict[str, str]:
        return {"text": query["text"]}


if __name__ == "__main__":
    runner = ServiceRunner({"AMQP_URI": sys.argv[1], "max_workers": 50})
    runner.add_service(StockService)
    runner.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    runner.wait()
