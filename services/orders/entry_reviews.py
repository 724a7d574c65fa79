"""orders' entrypoints for reviews."""

from typing import Any


class ReviewsEntry:
    """Commands and questions about reviews."""

    runtime: Any
