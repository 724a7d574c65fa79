"""Every kind of saga, by its name."""

from services.orders.sagas import disputes
from services.orders.sagas.amend import AMEND, AMEND_DEARER
from services.orders.sagas.cases import REFUND
from services.orders.sagas.cases_exchange import EXCHANGE, SEND
from services.orders.sagas.engine import Steps

_ALL: tuple[Steps, ...] = (*disputes.KINDS, AMEND, AMEND_DEARER, REFUND, EXCHANGE, SEND)
KINDS: dict[str, Steps] = {steps.kind: steps for steps in _ALL}
