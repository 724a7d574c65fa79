"""A case ends without a deal: let be, or run out."""

from datetime import datetime

from services.contracts.after_sales import CaseView, WithdrawCase
from services.contracts.orders import Party
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.rpc_client import Services
from services.orders.cases_store import Held, close, keep_case
from services.orders.domain.case import CaseAct
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.wording_cases import EXPIRED, NOT_CARRIED_OUT, WITHDRAWN
from services.orders.sagas.cases_exchange import stop_exchange
from services.orders.settings import Settings
from services.orders.use_cases.cases.acting import on_case


def withdraw_case(
    db: Database,
    services: Services,
    command: WithdrawCase,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """The resident lets it be; what was set aside for it is for sale again."""

    def withdraw(tx: Tx, held: Held, doer: Doer) -> None:
        _end(tx, held, CaseAct.WITHDRAW, doer, WITHDRAWN, now, settings)

    return on_case(db, services, command, actor, Party.RESIDENT, now, settings, withdraw)


def expire(tx: Tx, held: Held, now: datetime, settings: Settings) -> None:
    """Its time has run out, or nothing is left that could be decided."""
    words = EXPIRED.get(held.case.state, NOT_CARRIED_OUT)
    _end(tx, held, CaseAct.EXPIRE, SYSTEM, words, now, settings)


def _end(
    tx: Tx,
    held: Held,
    act: CaseAct,
    doer: Doer,
    words: str,
    now: datetime,
    settings: Settings,
) -> None:
    over = held.case.over(act, doer.party, words, now)
    keep_case(tx, held.case, over)
    close(tx, Held(held.order, over), doer, words, now, settings)
    stop_exchange(tx, held.case, words, now)
