"""Settlement's entrypoints for sharing."""

from typing import Any


class SharingEntry:
    """Commands and questions about sharing."""

    runtime: Any
