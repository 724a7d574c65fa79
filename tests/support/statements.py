"""Counting SQL statements, as the kernel's own counter does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.kernel.metrics import STATEMENTS


def statements_sent() -> int:
    """How many statements this process has sent."""
    samples = (sample for family in STATEMENTS.collect() for sample in family.samples)
    return int(sum(sample.value for sample in samples if sample.name.endswith("_total")))


@contextmanager
def counted_statements() -> Iterator[Callable[[], int]]:
    """How many have been sent since."""
    before = statements_sent()
    yield lambda: statements_sent() - before
