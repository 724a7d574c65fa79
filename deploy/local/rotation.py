"""Keeps log files small by copying and cutting them; who writes them notices nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SIZE_MAX_BYTES = 10 * 1024 * 1024
KEPT_COUNT = 2


def rotate_all(folder: Path) -> None:
    for log in folder.glob("*.log"):
        if log.stat().st_size > SIZE_MAX_BYTES:
            rotate(log)


def rotate(log: Path) -> None:
    """Move the text into LOG.1 (LOG.1 into LOG.2 before) and begin the file anew."""
    for number in range(KEPT_COUNT, 1, -1):
        older = log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)
