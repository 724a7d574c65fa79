"""Settlement's entrypoints for rules."""

from typing import Any


class RulesEntry:
    """Commands and questions about rules."""

    runtime: Any
