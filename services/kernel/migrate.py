"""`python -m services.kernel.migrate NAME…`: bring databases up to date; run once."""

import argparse
import sys

from pydantic import Field

from services.kernel.config import BaseSettings, load
from services.kernel.migrations import upgrade


class MigrateSettings(BaseSettings):
    """Where the service's database is."""

    database_url: str = Field(description="SQLAlchemy URL of the database.")


def main() -> None:
    """Upgrade each named service's database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="+", metavar="NAME")
    for service in parser.parse_args().services:
        ran = upgrade(service, load(MigrateSettings, service).database_url)
        sys.stdout.write(f"{service}: {', '.join(ran) if ran else 'up to date'}\n")


if __name__ == "__main__":
    main()
