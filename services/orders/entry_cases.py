"""orders' entrypoints for after-sales."""

from typing import Any


class CasesEntry:
    """Commands and questions about after-sales."""

    runtime: Any
