"""Every kind of saga, by its name."""

from services.orders.sagas.engine import Steps

_ALL: tuple[Steps, ...] = ()
KINDS: dict[str, Steps] = {steps.kind: steps for steps in _ALL}
