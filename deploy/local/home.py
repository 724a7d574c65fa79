"""Where one installation keeps its state: `.linli/` in the checkout, or where LINLI_HOME says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .problem import Problem

CHECKOUT = Path(__file__).resolve().parents[2]
SERVICES = ("identity", "catalog", "orders", "settlement", "delivery", "marketing")
PRIVATE = 0o700


@dataclass(frozen=True)
class Home:
    """The folders of one installation; everything in them belongs to the user who started it."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def plans(self) -> Path:
        return self.root / "run" / "plans"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def broker(self) -> Path:
        return self.root / "broker"

    @property
    def database(self) -> Path:
        return self.root / "database"

    @property
    def sandbox(self) -> Path:
        return self.root / "sandbox"

    def prepare(self) -> None:
        """Make the folders, readable by their owner only."""
        if any(character.isspace() for character in str(self.root)):
            # MariaDB's installer is a shell script that splits such a path.
            raise Problem(f"The state can not be kept in a path with spaces: {self.root}")
        for folder in (
            self.root, self.secrets, self.run, self.plans, self.logs,
            self.files, self.broker, self.database, self.sandbox,
        ):  # fmt: skip
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            folder.chmod(PRIVATE)


def current_home() -> Home:
    """The installation that commands in this shell speak about."""
    return Home(Path(os.environ.get("LINLI_HOME") or CHECKOUT / ".linli").absolute())


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file in one step; nobody sees half of it, and only its owner sees it at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
