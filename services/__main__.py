"""`python -m services NAME…`: run one service in this process, or several in forked children."""

import os

os.environ["EVENTLET_NO_GREENDNS"] = "yes"  # its resolver fails on names that the system knows
import eventlet

eventlet.monkey_patch()  # before anything else is imported

import argparse

from services.contracts.subscriptions import SERVICES, WIRING
from services.kernel.main import run_many, run_one


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m services", description=__doc__)
    parser.add_argument("names", nargs="+", choices=SERVICES, metavar="NAME")
    names = parser.parse_args().names
    if len(names) == 1:
        run_one(names[0], WIRING)
    else:
        run_many(names, WIRING)


if __name__ == "__main__":
    main()
