"""`python -m services.identity.bootstrap`: the company and its first manager, in an empty database.

Safe to run again: what is there stays as it is.
"""

import argparse
import sys
from pathlib import Path

from pydantic import Field

from services.identity.passwords import Passwords
from services.identity.use_cases.found_company import Founding, found_company
from services.kernel.clock import now
from services.kernel.config import BaseSettings, load
from services.kernel.db import Database

PASSWORD_MIN = 8


class BootstrapSettings(BaseSettings):
    """Where identity's database is."""

    database_url: str = Field(description="SQLAlchemy URL of the database.")


def main(arguments: list[str] | None = None) -> None:
    """Read the arguments, found the company, say who the manager is."""
    founding = _founding(_parser().parse_args(arguments))
    db = Database(load(BootstrapSettings, "identity").database_url, pool_size=1)
    try:
        account_id = found_company(db, Passwords(), founding, now())
    finally:
        db.dispose()
    sys.stdout.write(f"{founding.username}: {account_id}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="services.identity.bootstrap", description=__doc__)
    parser.add_argument("--username", required=True, help="the manager's user name")
    parser.add_argument(
        "--password-file", required=True, type=Path, help="a file whose first line is the password"
    )
    parser.add_argument("--name", default="", help="the manager's name (default: the user name)")
    parser.add_argument("--company", default="邻里物业", help="the company's name")
    return parser


def _founding(args: argparse.Namespace) -> Founding:
    try:
        password = args.password_file.read_text().partition("\n")[0]
    except OSError as error:
        raise SystemExit(f"{args.password_file}: {error.strerror}") from None
    if len(password) < PASSWORD_MIN:
        raise SystemExit(f"{args.password_file}: at least {PASSWORD_MIN} characters")
    return Founding(args.company, args.name or args.username, args.username, password)


if __name__ == "__main__":
    main()
