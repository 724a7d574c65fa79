"""Cases for those who have a part in them, and for staff."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from services.contracts.after_sales import CasesQuery, CaseState, CaseView, NoSuchCase
from services.contracts.orders import NotYourOrder, Party
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.wire import Page
from services.orders import queries_cases
from services.orders.domain.case import Case, CaseAct
from services.orders.standing import reaches, sees_all
from services.orders.tables_cases import CaseRow

Conditions = list[ColumnElement[bool]]
A = CaseAct
_ANSWERS = (A.AGREE, A.PAY_BACK, A.REJECT, A.COUNTER)
_CALLED: dict[CaseAct, str] = {
    **dict.fromkeys(_ANSWERS, "answer_case"),
    **{
        act: act.value
        for act in (
            A.ACCEPT,
            A.WITHDRAW,
            A.SEND_BACK,
            A.TAKE_BACK,
            A.SEND,
            A.CONFIRM,
            A.ESCALATE,
        )
    },
}
"""What the pages call an act."""
_NEEDS = {
    Party.RESIDENT: Permission.ORDER_AFTER_SALES,
    Party.MERCHANT: Permission.STORE_ORDER_HANDLE,
}
_SAME_NAMES = set(CaseView.model_fields) & set(Case.__dataclass_fields__)


def sides_of(actor: Actor, case: Case) -> list[Party]:
    """On which sides of the case the actor stands."""
    sides = []
    if actor.role_in(case.household_id):
        sides.append(Party.RESIDENT)
    if actor.role_in(case.store_id):
        sides.append(Party.MERCHANT)
    return sides


def case_view(db: Database, case_id: str, actor: Actor, now: datetime) -> CaseView:
    """One case for its two sides and for staff in whose community it is; NoSuchCase for others."""
    with db.reading() as tx:
        case = queries_cases.need_case(tx, case_id)
    staff = sees_all(actor) and reaches(actor, case.community_id)
    if not sides_of(actor, case) and not staff:
        raise NoSuchCase
    return view_of(case, actor, now)


def view_of(case: Case, actor: Actor, now: datetime) -> CaseView:
    """The case with what the actor may do next."""
    facts = {name: getattr(case, name) for name in _SAME_NAMES}
    waits_for = case.limit.by if case.limit else None
    return CaseView.model_validate({**facts, "waits_for": waits_for, "may": _may(case, actor, now)})


def see_cases(db: Database, query: CasesQuery, actor: Actor, now: datetime) -> Page[CaseView]:
    """Newest first: one's own, or (staff) those of the communities where one works."""
    where = [*_asked(query), *_reach(query, actor), *queries_cases.matches(query.text, now)]
    with db.reading() as tx:
        found = queries_cases.page(tx, where, query.after, query.limit)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Page(
        items=[view_of(case, actor, now) for case in shown],
        next_after=shown[-1].case_id if more else None,
    )


def _asked(query: CasesQuery) -> Conditions:
    names = ("order_id", "household_id", "store_id", "community_id")
    wanted = {name: getattr(query, name) for name in names if getattr(query, name)}
    where: Conditions = [getattr(CaseRow, name) == value for name, value in wanted.items()]
    return [*where, CaseRow.state.in_(query.states)] if query.states else where


def _reach(query: CasesQuery, actor: Actor) -> Conditions:
    """No further condition for the people of a household or store that is asked for."""
    if any(map(actor.role_in, filter(None, (query.household_id, query.store_id)))):
        return []
    if sees_all(actor):
        return [CaseRow.community_id.in_(actor.communities)]
    if not query.order_id or query.household_id or query.store_id:
        raise NotYourOrder
    mine = list(actor.groups)
    return [or_(CaseRow.household_id.in_(mine), CaseRow.store_id.in_(mine))]


def _may(case: Case, actor: Actor, now: datetime) -> list[str]:
    if case.state is CaseState.REJECTED and case.is_overdue(now):
        return []
    names = [
        name
        for act, name in _CALLED.items()
        for side in sides_of(actor, case)
        if case.allows(act, side) and actor.may(_NEEDS[side]) and not _own(case, actor, side)
    ]
    return list(dict.fromkeys(names))


def _own(case: Case, actor: Actor, side: Party) -> bool:
    return side is Party.MERCHANT and case.opened_by_id == actor.account_id
