"""orders' entrypoints for disputes and rulings."""

from typing import Any


class DisputesEntry:
    """Commands and questions about disputes and rulings."""

    runtime: Any
