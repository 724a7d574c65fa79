"""Who listens to what, handed in from outside: the kernel knows no service by name."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wiring:
    """`subscribers`: event name → services; `sources`: event name → the service that tells it."""

    subscribers: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, str]
