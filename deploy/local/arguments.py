"""What `./linli` and each of its subcommands take, with the help texts."""

from __future__ import annotations

import argparse

from .home import SERVICES

UP = """\
Start a private installation under .linli/ (or the folder that LINLI_HOME names): RabbitMQ,
MariaDB, the six services, the gateway, and a sandbox in place of WeChat and WeChat Pay. Everything
listens on 127.0.0.1 only. Running it twice, or after a crash, is safe: what runs is left alone,
what is missing is started.

Broker and database, each by the first way that works:
  1. servers that run already: LINLI_AMQP_URL, LINLI_DATABASE_URL with administrators' accounts.
     Each service gets a broker user of its own through RabbitMQ's management API, at port 15672
     with the same login or at LINLI_MANAGEMENT_URL. LINLI_NAME (linli) begins the names of
     databases and users, and is the virtual host.
  2. RabbitMQ and MariaDB as installed here: private copies of them
  3. Debian packages, when root: installed without starting or enabling their system services
  4. Docker: mariadb:11.4 and rabbitmq:3.13-management (first with LINLI_SERVERS=containers)

Any other LINLI_… variable of the shell wins over what the launcher would choose: LINLI_GATEWAY_PORT
(8080), LINLI_SANDBOX_PORT (8090), LINLI_GATEWAY_WORKERS (1), LINLI_GATEWAY_THREADS (16),
LINLI_LOG_LEVEL, LINLI_PUBLIC_URL …
"""
TEST = """\
Run ruff, mypy, the import rules and pytest on a broker and a database of their own under
.linli/test, which are gone afterwards. As root it installs what is missing: RabbitMQ, MariaDB,
Chromium, a Chinese font. Arguments that are not listed here go to pytest. LINLI_TEST_DATABASE_URL
with LINLI_TEST_AMQP_URL name servers to use instead.
"""


def parser() -> argparse.ArgumentParser:
    """The reader of the command line; each subcommand has a --help of its own."""
    reader = argparse.ArgumentParser(
        prog="./linli",
        description="邻里: start it, look at it, test it. Its state is in .linli/ or LINLI_HOME.",
        allow_abbrev=False,
    )
    commands = reader.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, brief: str, more: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=brief,
            description=f"{brief}\n\n{more}".rstrip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    one = add("up", "start everything and print the addresses", UP)
    one.add_argument("--demo", action="store_true", help="add a demo community to try it with")
    add("down", "stop everything in order; the data stay")
    one = add("status", "show each part: up, since when, where, memory (PSS), processor")
    one.add_argument(
        "--json", action="store_true", help="for programs; exit code 3 if a part is down"
    )
    one = add(
        "logs", "show the last lines that the parts wrote", f"Services: {', '.join(SERVICES)}."
    )
    one.add_argument("service", nargs="?", help="a service or a part (gateway, sandbox, broker …)")
    one.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    one.add_argument("-n", "--lines", type=int, default=100, help="how many at first (100)")
    add_programs(add)
    one = add("test", "run the checks and tests", TEST)
    one.add_argument(
        "--fast",
        action="store_true",
        help="unit and architecture tests only: no broker, no database",
    )
    one.add_argument(
        "--containers", action="store_true", help="integration tests on servers in Docker"
    )
    one = add("migrate", "bring the databases of the running installation to the newest tables")
    one.add_argument("services", nargs="*", choices=[*SERVICES, []], metavar="SERVICE")
    return reader


def add_programs(add) -> None:  # type: ignore[no-untyped-def]
    """The subcommands that run against a running installation."""
    one = add("story", "walk the whole story through HTTP and prove the books at the end")
    one.add_argument("--json", action="store_true", help="steps and timings for programs")
    add("seed", "add the demo community to the running installation")
    one = add("bench", "measure, each figure against its limit or its peer in the same run")
    one.add_argument("name", nargs="?", help="one measurement; without it all")
    one.add_argument("--json", action="store_true", help="figures for programs")
    one = add("audit", "prove the ledger, and that ledger, orders and channels agree")
    one.add_argument("--json", action="store_true", help="each proof for programs")
    one = add("simulate", "live seeded random lives with faults, each ending in an audit")
    one.add_argument("name", help="which simulation")
    count = one.add_mutually_exclusive_group(required=True)
    count.add_argument("--seeds", type=int, help="how many lives")
    count.add_argument("--processes", type=int, help="how many runs with processes and kill -9")
    one.add_argument("--from", type=int, default=0, dest="first", help="the first seed (0)")
    one = add("dead", "handle messages that no consumer could take")
    one.add_argument("action", choices=["list", "show", "replay", "discard"])
    add("vendor", "fetch the browser files of the pages anew and check their hashes")
