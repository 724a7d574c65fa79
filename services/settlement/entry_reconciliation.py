"""Settlement's entrypoints for reconciliation."""

from typing import Any


class ReconciliationEntry:
    """Commands and questions about reconciliation."""

    runtime: Any
