"""One piece of work across services, as it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Saga:
    """One piece of work; `facts` are what its steps need, and what they have learnt."""

    saga_id: str
    kind: str
    order_id: str
    subject_id: str
    step: int
    undoing: bool
    tries: int
    last_error: str
    facts: dict[str, Any]
    started_at: datetime
    due_at: datetime | None = None
    finished_at: datetime | None = None
