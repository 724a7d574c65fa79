"""`./linli bench [NAME] [--json]`: each figure against its limit or a peer of the same run."""

import argparse
import importlib
import json
import sys
import warnings

BENCHES = ("rpc", "orders", "notify", "ledger")


def main() -> int:
    """Run the named benches; 0 also when a target is missed: the figure says so."""
    parser = argparse.ArgumentParser(prog="./linli bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="a list of figures for programs")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHES)
    if unknown:
        parser.error(
            f"no bench called {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}"
        )
    warnings.simplefilter("ignore")
    figures = []
    for name in arguments.names or BENCHES:
        figures += importlib.import_module(f"tests.bench.{name}").run()
    if arguments.json:
        json.dump([figure.as_row() for figure in figures], sys.stdout, indent=1)
        sys.stdout.write("\n")
        return 0
    for figure in figures:
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        value = f"{figure.value:>12.3f} {figure.unit:<9}{figure.target:>10}"
        print(f"{figure.figure:<32}{value} {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
