"""`./linli simulate NAME --seeds N [--from S] [--json]`: seeded lives, each ending in an audit.

They live in a database of their own on the server of LINLI_TEST_DATABASE_URL, else of
LINLI_DATABASE_URL. A seed that fails tells its life, and lives it again with `--from S --seeds 1`.

`--processes N`: runs with real services that are killed -9, in an installation of their own.
"""

import argparse
import json
import logging
import os
import sys
import warnings
from dataclasses import asdict

from deploy.local.home import current_home
from tests.bench.stage import private_installation
from tests.simulate import money, orders, processes
from tests.simulate.lived import Lived
from tests.simulate.processes import Run
from tests.system.life import Life

SIMULATIONS = {"money": money, "orders": orders}


def main() -> int:
    """Live the lives; 1 when one of them did not end with proved books."""
    parser = argparse.ArgumentParser(prog="./linli simulate", description=__doc__)
    parser.add_argument("name", choices=sorted(SIMULATIONS))
    count = parser.add_mutually_exclusive_group(required=True)
    count.add_argument("--seeds", type=int, default=0, help="how many lives")
    count.add_argument(
        "--processes", type=int, default=0, help="how many runs of real processes and kill -9"
    )
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (0)")
    parser.add_argument("--json", action="store_true", help="each life for programs")
    asked = parser.parse_args()
    if asked.seeds + asked.processes < 1:
        parser.error("--seeds or --processes is at least 1")
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # setbacks are what these lives are made of
    if asked.processes:
        return _runs(asked.name, range(asked.first, asked.first + asked.processes), asked.json)
    return _lives(asked.name, range(asked.first, asked.first + asked.seeds), asked.json)


def _lives(name: str, seeds: range, as_json: bool) -> int:
    if "LINLI_TEST_DATABASE_URL" not in os.environ:
        os.environ["LINLI_TEST_DATABASE_URL"] = os.environ["LINLI_DATABASE_URL"]
    simulation, lives = SIMULATIONS[name], []
    with simulation.scratch() as db:
        for seed in seeds:
            lives.append(simulation.live(db, seed))
            _tell(name, lives[-1], alone=len(seeds) == 1)
    if as_json:
        json.dump(_summary(name, lives), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    return 1 if any(life.fault for life in lives) else 0


def _runs(name: str, seeds: range, as_json: bool) -> int:
    """In an installation of their own beside the running one."""
    runs = []
    with private_installation(current_home().root, name="linlisim") as installation:
        life = Life(installation)
        life.restock()
        for seed in seeds:
            runs.append(processes.run(installation, life, seed, name))
            _tell_run(runs[-1])
    if as_json:
        json.dump([asdict(run) for run in runs], sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    return 1 if any(run.fault for run in runs) else 0


def _tell_run(run: Run) -> None:
    """One line; what was done when it failed."""
    verdict = "✗" if run.fault else "✓"
    dead = " ".join(run.killed)
    print(f"{verdict} run {run.seed}  killed: {dead}  {run.seconds:.1f} s", file=sys.stderr)
    if run.fault:
        print(*run.deeds, run.fault, sep="\n", file=sys.stderr)


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
