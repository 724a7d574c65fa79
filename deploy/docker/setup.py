"""The second job: accounts at database and broker, tables, and the WeChat account.

Safe to run at each start.
"""

import subprocess
import sys

from deploy.docker.settings import HOME, NAMES, environment_of, servers
from deploy.local.accounts import broker_answers, database_answers
from deploy.local.credentials import Credentials
from deploy.local.home import CHECKOUT, SERVICES
from deploy.local.keeper import until
from deploy.local.problem import Problem
from deploy.local.servers import Servers, apply_definitions, open_accounts

BOOT_LIMIT_S = 120
PROGRAM_LIMIT_S = 300


def wait(at: Servers) -> None:
    """Return when both servers let their administrator in."""
    if not until(lambda: database_answers(at.database_url), BOOT_LIMIT_S):
        raise Problem("The database does not let its administrator in.")
    first_host = at.broker_url.rpartition("/")[0] + "/%2F"  # ours comes with the definitions
    if not until(lambda: broker_answers(first_host), BOOT_LIMIT_S):
        raise Problem("The broker does not let its administrator in.")


def run(module: str, *arguments: str) -> None:
    """Run one of the project's programs with an administrator's settings."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        cwd=CHECKOUT,
        env=environment_of("tools"),
        timeout=PROGRAM_LIMIT_S,
        check=True,
    )


def main() -> None:
    """Accounts, then tables, then the WeChat account, which the gateway asks for at its start."""
    secrets = Credentials(HOME.secrets)
    at = servers(secrets)
    wait(at)
    open_accounts(at, NAMES, secrets)
    apply_definitions(at, NAMES, secrets, HOME.broker)
    print("accounts at database and broker are there", flush=True)
    run("services.kernel.migrate", *SERVICES)
    run("services.marketing.bootstrap")


if __name__ == "__main__":
    try:
        main()
    except (Problem, subprocess.SubprocessError) as problem:
        sys.exit(str(problem))
