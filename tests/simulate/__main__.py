"""`./linli simulate NAME --seeds N [--from S] [--json]`: seeded lives, each ending in an audit.

They live in a database of their own on the server of LINLI_TEST_DATABASE_URL, else of
LINLI_DATABASE_URL. A seed that fails tells its life, and lives it again with `--from S --seeds 1`.
"""

import argparse
import json
import logging
import os
import sys
import warnings
from dataclasses import asdict

from tests.simulate import money
from tests.simulate.money import Lived

SIMULATIONS = {"money": money}


def main() -> int:
    """Live the lives; 1 when one of them did not end with proved books."""
    parser = argparse.ArgumentParser(prog="./linli simulate", description=__doc__)
    parser.add_argument("name", choices=sorted(SIMULATIONS))
    parser.add_argument("--seeds", type=int, required=True, help="how many lives")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (0)")
    parser.add_argument("--json", action="store_true", help="each life for programs")
    asked = parser.parse_args()
    if asked.seeds < 1:
        parser.error("--seeds is at least 1")
    if "LINLI_TEST_DATABASE_URL" not in os.environ:
        os.environ["LINLI_TEST_DATABASE_URL"] = os.environ["LINLI_DATABASE_URL"]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # setbacks are what these lives are made of
    simulation, lives = SIMULATIONS[asked.name], []
    with simulation.scratch() as db:
        for seed in range(asked.first, asked.first + asked.seeds):
            lives.append(simulation.live(db, seed))
            _tell(asked.name, lives[-1], alone=asked.seeds == 1)
    if asked.json:
        json.dump(_summary(asked.name, lives), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    return 1 if any(life.fault for life in lives) else 0


def _tell(name: str, life: Lived, alone: bool) -> None:
    """One line; the whole life when it failed or is the only one."""
    out = sys.stderr
    if life.fault or alone:
        print(*life.story, sep="\n", file=out)
    if life.ending:
        print(f"✓ {name} {life.seed}  {life.ending.digest[:12]}  {life.seconds:.2f} s", file=out)
        return
    print(f"✗ {name} {life.seed}: {life.fault}", file=out)
    print(f"  again: ./linli simulate {name} --from {life.seed} --seeds 1", file=out)


def _summary(name: str, lives: list[Lived]) -> dict[str, object]:
    seconds = [life.seconds for life in lives]
    return {
        "simulation": name,
        "proved": not any(life.fault for life in lives),
        "seeds": len(lives),
        "seconds_per_seed": round(sum(seconds) / len(seconds), 3),
        "seconds_max": round(max(seconds), 3),
        "lives": [
            {
                "seed": life.seed,
                "fault": life.fault,
                "ending": asdict(life.ending) if life.ending else None,
                "story": life.story if life.fault else [],
            }
            for life in lives
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
