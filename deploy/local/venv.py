"""The project's own Python environment, made from the lock file by the standard library alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import filelock, packages, progress
from .home import CHECKOUT
from .problem import Problem

FOLDER = CHECKOUT / ".venv"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "linli-locks.json"
# The lock for development holds everything of the other one too, at the same versions.
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}
INSTALL_LIMIT_S = 1800


def lock_hash(kind: str) -> str:
    return hashlib.sha256((CHECKOUT / LOCKS[kind]).read_bytes()).hexdigest()


def installed() -> dict[str, str]:
    """By kind, the hash of the lock file that was installed from."""
    if not PYTHON.exists():
        return {}
    try:
        stamps: dict[str, str] = json.loads(STAMP.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return stamps


def satisfied(kind: str) -> bool:
    return installed().get(kind) == lock_hash(kind)


def ensure(kind: str) -> None:
    """Have what the lock file says; quick when nothing changed, safe when two ask at once."""
    if satisfied(kind):
        return
    with filelock.held(CHECKOUT):
        if satisfied(kind):
            return
        if not usable():
            with progress.step("Python environment .venv"):
                create()
        with progress.step(f"Python packages of {LOCKS[kind]}"):
            install(kind)


def usable() -> bool:
    """Whether the environment runs and has pip; a half-made one does not."""
    if not PYTHON.exists():
        return False
    asked = subprocess.run(
        [PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"],
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


def create() -> None:
    if not has_ensurepip():
        if not packages.can_install():
            raise Problem(
                "Python's venv module is not complete here. On Debian: apt-get install python3-venv"
            )
        packages.install(packages.PYTHON)
    shutil.rmtree(FOLDER, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(FOLDER)], "The environment could not be made")


def has_ensurepip() -> bool:
    asked = subprocess.run(
        [sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False
    )
    return asked.returncode == 0


def install(kind: str) -> None:
    lock = CHECKOUT / LOCKS[kind]
    run(
        [
            *(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "-r", str(lock)),
        ],
        f"The packages of {lock.name} could not be installed",
    )
    stamps = {**installed(), kind: lock_hash(kind)}
    if kind == "dev":
        stamps["runtime"] = lock_hash("runtime")
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(stamps, indent=1))
    draft.replace(STAMP)


def run(command: list[str], failure: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False
    )
    if done.returncode != 0:
        raise Problem(f"{failure}:\n{done.stdout}{done.stderr}")


def enter(arguments: list[str]) -> None:
    """Go on inside the environment: replaces this process unless it is there already."""
    if Path(sys.prefix).resolve() != FOLDER.resolve():
        program = str(CHECKOUT / "linli")
        os.execv(PYTHON, [str(PYTHON), program, *arguments])
