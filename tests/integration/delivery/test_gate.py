"""Passes at the gate, letting in and out, and the gate log."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from services.contracts.delivery import (
    AdmitVisit,
    CheckPass,
    DeliverDrop,
    DeliveryCountsQuery,
    GateLogQuery,
    LeaveVisit,
    NoSuchVisit,
    PassQuery,
    PassRefused,
    PassView,
    RefuseVisit,
    VisitQuery,
    VisitState,
    WrongVisitState,
)
from services.contracts.identity import NoSuchPlace
from services.contracts.permissions import Role
from services.delivery import locks
from services.delivery.gates import GateNames
from services.delivery.tables import GateLogRow, VisitRow
from services.delivery.use_cases import drops, gate, visits
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Forbidden, TooMany, Unavailable
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from tests.support.delivery import (
    COMMUNITY,
    EAST,
    NOW,
    OTHER_COMMUNITY,
    SETTINGS,
    SIGNER,
    FakeServices,
    actor,
    after,
    assignment,
    digits_other_than,
    guard,
    registered,
    told,
)


class Errand:
    """A courier on the way with one drop."""

    def __init__(self, db: Database, files: FileStore) -> None:
        courier, self.person = registered(db, files)
        self.command = assignment(courier.courier_id)
        self.visit_id = drops.assign_drop(db, self.command, NOW, SETTINGS).visit_id


@pytest.fixture
def errand(db: Database, files: FileStore) -> Errand:
    return Errand(db, files)


def pass_of(db: Database, errand: Errand, at: float = 0) -> PassView:
    query = PassQuery(visit_id=errand.visit_id)
    return visits.pass_for(db, SIGNER, query, errand.person, after(at), SETTINGS)


def check(db: Database, code: str, who: Actor, at: float = 0, where: str = COMMUNITY) -> str:
    query = CheckPass(community_id=where, code=code)
    return visits.check_pass(db, SIGNER, query, who, after(at), SETTINGS).visit_id


def why_refused(db: Database, code: str, who: Actor, at: float = 0, where: str = COMMUNITY) -> str:
    with pytest.raises(PassRefused) as refused:
        check(db, code, who, at, where)
    return refused.value.fields["why"]


def admit(db: Database, visit_id: str, at: float = 0, request_id: str = "", who: Actor = guard()):
    command = AdmitVisit(request_id=request_id or new_id(), visit_id=visit_id, gate_id=EAST.gate_id)
    return gate.admit_visit(db, command, EAST, who, after(at), SETTINGS)


def leave(db: Database, visit_id: str, at: float = 0, who: Actor = guard()):
    command = LeaveVisit(request_id=new_id(), visit_id=visit_id, gate_id=EAST.gate_id)
    return gate.leave_visit(db, command, EAST, who, after(at), SETTINGS)


def refuse(db: Database, visit_id: str, who: Actor = guard()):
    command = RefuseVisit(
        request_id=new_id(), visit_id=visit_id, gate_id=EAST.gate_id, reason="照片不符"
    )
    return gate.refuse_visit(db, command, EAST, who, NOW, SETTINGS)


def test_a_scanned_and_a_typed_pass_show_the_visit_with_its_drops(
    db: Database, errand: Errand
) -> None:
    shown = pass_of(db, errand)
    assert check(db, shown.token, guard()) == errand.visit_id
    assert check(db, shown.digits, guard()) == errand.visit_id
    seen = gate.visit(db, VisitQuery(visit_id=errand.visit_id), guard(), NOW, SETTINGS)
    assert [drop.order_number for drop in seen.drops] == ["#0317"]
    assert seen.phone_masked == "138****5678"


def test_anothers_pass_is_not_found(db: Database, files: FileStore, errand: Errand) -> None:
    _, stranger = registered(db, files)
    for person in (stranger, actor(Role.OWNER)):
        with pytest.raises(NoSuchVisit):
            visits.pass_for(db, SIGNER, PassQuery(visit_id=errand.visit_id), person, NOW, SETTINGS)


def test_a_forged_pass_is_refused(db: Database, errand: Errand) -> None:
    token = pass_of(db, errand).token
    assert why_refused(db, token[:-2] + "AA", guard()) == "forged"


def test_a_pass_expires_with_its_window(db: Database, errand: Errand) -> None:
    shown = pass_of(db, errand)
    assert check(db, shown.token, guard(), at=3600) == errand.visit_id
    assert why_refused(db, shown.token, guard(), at=3601) == "expired"
    assert why_refused(db, shown.digits, guard(), at=3601) == "expired"


def test_a_pass_for_another_community_is_refused(db: Database, errand: Errand) -> None:
    shown, elsewhere = pass_of(db, errand), guard(OTHER_COMMUNITY)
    assert why_refused(db, shown.token, elsewhere, where=OTHER_COMMUNITY) == "community"
    assert why_refused(db, shown.digits, elsewhere, where=OTHER_COMMUNITY) == "unknown"


def test_a_guard_checks_passes_of_own_communities_only(db: Database, errand: Errand) -> None:
    with pytest.raises(Forbidden):
        check(db, pass_of(db, errand).token, guard(OTHER_COMMUNITY))


def test_a_pass_says_nothing_once_the_visit_is_over(db: Database, errand: Errand) -> None:
    shown = pass_of(db, errand)
    admit(db, errand.visit_id)
    leave(db, errand.visit_id, at=60)
    assert why_refused(db, shown.token, guard()) == "over"
    assert why_refused(db, shown.digits, guard()) == "unknown"


def test_who_is_inside_is_let_out_with_an_expired_pass(db: Database, errand: Errand) -> None:
    shown = pass_of(db, errand)
    admit(db, errand.visit_id)
    assert check(db, shown.token, guard(), at=9000) == errand.visit_id
    assert check(db, shown.digits, guard(), at=9000) == errand.visit_id


def test_wrong_digits_in_a_row_make_the_guard_wait(db: Database, errand: Errand) -> None:
    shown, who = pass_of(db, errand), guard()
    wrong = digits_other_than(shown.digits)
    for second in range(3):
        assert why_refused(db, wrong, who, at=second) == "unknown"

    with pytest.raises(TooMany):
        check(db, shown.digits, who, at=3)
    assert check(db, shown.digits, guard(), at=3) == errand.visit_id  # other guards go on
    assert check(db, shown.digits, who, at=62) == errand.visit_id


def test_a_right_code_ends_the_row_of_wrong_ones(db: Database, errand: Errand) -> None:
    shown, who = pass_of(db, errand), guard()
    wrong = digits_other_than(shown.digits)
    for code in (wrong, wrong, shown.digits, wrong, wrong):
        if code == wrong:
            why_refused(db, code, who)
        else:
            check(db, code, who)
    assert check(db, shown.token, who) == errand.visit_id


def test_guesses_at_the_same_moment_do_not_slip_past_the_limit(
    db: Database, errand: Errand
) -> None:
    who = guard()

    def guess(number: int) -> str:
        try:
            return check(db, f"{number:06d}", who)
        except PassRefused:
            return "wrong"
        except TooMany:
            return "wait"

    digits = int(pass_of(db, errand).digits)
    guesses = [number for number in range(20) if number != digits]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, guesses))
    assert outcomes.count("wrong") == SETTINGS.wrong_codes_max


def test_a_check_waits_for_another_of_the_same_guard(db: Database, errand: Errand) -> None:
    who, digits = guard(), pass_of(db, errand).digits
    check(db, digits, who)
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as tx:
            locks.wrong_codes_for_update(tx, who.account_id)
            rival = pool.submit(check, db, digits, who)
            time.sleep(0.3)
            assert not rival.done()
        assert rival.result() == errand.visit_id


def test_six_digits_are_unique_among_open_visits_of_a_community(
    db: Database, files: FileStore
) -> None:
    for _ in range(30):
        Errand(db, files)
    with db.reading() as tx:
        assert tx.scalar(select(func.count(VisitRow.digits.distinct()))) == 30


def test_in_and_out_are_logged_and_told_with_the_orders(db: Database, errand: Errand) -> None:
    who = guard()
    inside = admit(db, errand.visit_id, at=60, who=who)
    left = leave(db, errand.visit_id, at=600, who=who)

    assert (inside.state, inside.entry_gate, inside.entered_at) == ("inside", "东门", after(60))
    assert (left.state, left.exit_gate, left.left_at) == ("left", "东门", after(600))
    assert told(db) == ["visit.entered", "visit.left"]
    with db.reading() as tx:
        rows = tx.all(
            select(
                GateLogRow.visit_id,
                GateLogRow.at,
                GateLogRow.gate,
                GateLogRow.direction,
                GateLogRow.guard_account_id,
            ).order_by(GateLogRow.log_id)
        )
    assert rows == [
        (errand.visit_id, after(60), "东门", "in", who.account_id),
        (errand.visit_id, after(600), "东门", "out", who.account_id),
    ]


def test_admitting_twice_with_one_request_is_one_entry(db: Database, errand: Errand) -> None:
    who, request_id = guard(), new_id()
    first = admit(db, errand.visit_id, request_id=request_id, who=who)
    assert admit(db, errand.visit_id, at=9, request_id=request_id, who=who) == first
    assert told(db) == ["visit.entered"]
    with pytest.raises(WrongVisitState) as refused:
        admit(db, errand.visit_id, at=9, who=who)
    assert refused.value.fields == {"state": "inside"}


def test_who_was_not_let_in_cannot_leave(db: Database, errand: Errand) -> None:
    with pytest.raises(WrongVisitState):
        leave(db, errand.visit_id)


def test_a_refused_visit_is_over_and_gives_no_new_pass(db: Database, errand: Errand) -> None:
    view = refuse(db, errand.visit_id)
    assert (view.state, view.refused_reason) == ("refused", "照片不符")
    with pytest.raises(WrongVisitState):
        admit(db, errand.visit_id)
    with pytest.raises(WrongVisitState):
        pass_of(db, errand)


@pytest.mark.parametrize("act", [admit, leave, refuse])
def test_a_guard_of_another_community_finds_no_visit(db: Database, errand: Errand, act) -> None:
    with pytest.raises(NoSuchVisit):
        act(db, errand.visit_id, who=guard(OTHER_COMMUNITY))
    with pytest.raises(NoSuchVisit):
        gate.visit(db, VisitQuery(visit_id=errand.visit_id), guard(OTHER_COMMUNITY), NOW, SETTINGS)
    with db.reading() as tx:
        assert tx.scalar(select(VisitRow.state)) == "expected"


def test_what_an_expired_visit_did_not_bring_goes_on_a_new_one(
    db: Database, errand: Errand
) -> None:
    visits.expire_visits(db, after(4000), SETTINGS)
    renewed = pass_of(db, errand, at=4000)

    assert renewed.visit_id != errand.visit_id
    assert check(db, renewed.digits, guard(), at=4000) == renewed.visit_id
    seen = gate.visit(db, VisitQuery(visit_id=renewed.visit_id), guard(), NOW, SETTINGS)
    assert [drop.drop_id for drop in seen.drops] == [errand.command.drop_id]


def test_a_visit_that_brought_everything_gives_no_new_pass(
    db: Database, files: FileStore, errand: Errand
) -> None:
    admit(db, errand.visit_id)
    done = DeliverDrop(request_id=new_id(), drop_id=errand.command.drop_id)
    drops.deliver_drop(db, files, done, errand.person, after(60))
    leave(db, errand.visit_id, at=90)
    with pytest.raises(WrongVisitState):
        pass_of(db, errand, at=100)


def test_the_gate_log_pages_newest_first_and_filters_by_state(
    db: Database, files: FileStore
) -> None:
    made = [Errand(db, files).visit_id for _ in range(5)]
    admit(db, made[2])

    first = gate.gate_log(db, GateLogQuery(community_id=COMMUNITY, limit=3), guard(), NOW, SETTINGS)
    rest = gate.gate_log(
        db,
        GateLogQuery(community_id=COMMUNITY, limit=3, after=first.next_after),
        guard(),
        NOW,
        SETTINGS,
    )
    inside = gate.gate_log(
        db,
        GateLogQuery(community_id=COMMUNITY, states=[VisitState.INSIDE]),
        guard(),
        NOW,
        SETTINGS,
    )

    assert [v.visit_id for v in first.items + rest.items] == sorted(made, reverse=True)
    assert rest.next_after is None
    assert [v.visit_id for v in inside.items] == [made[2]]
    with pytest.raises(Forbidden):
        gate.gate_log(
            db, GateLogQuery(community_id=COMMUNITY), guard(OTHER_COMMUNITY), NOW, SETTINGS
        )


def test_counts_are_those_of_the_actors_communities(
    db: Database, files: FileStore, errand: Errand
) -> None:
    late = Errand(db, files)
    admit(db, late.visit_id)
    done = DeliverDrop(request_id=new_id(), drop_id=late.command.drop_id)
    drops.deliver_drop(db, files, done, late.person, after(60))

    query, clerk = DeliveryCountsQuery(), actor(Role.CLERK, communities=(COMMUNITY,))
    seen = gate.counts(db, query, clerk, after(1801), SETTINGS)
    elsewhere = actor(Role.CLERK, communities=(OTHER_COMMUNITY,))
    other = gate.counts(db, query, elsewhere, after(1801), SETTINGS)

    assert seen.model_dump() == {
        "expected": 1,
        "inside": 1,
        "overstayed": 1,
        "delivered_today": 1,
    }
    assert other.model_dump() == dict.fromkeys(seen.model_dump(), 0)


def test_a_gate_is_asked_for_once_and_serves_on_while_identity_is_away(
    db: Database, errand: Errand, services: FakeServices
) -> None:
    names, who = GateNames(), guard()
    command = AdmitVisit(request_id=new_id(), visit_id=errand.visit_id, gate_id=EAST.gate_id)
    assert gate.find_gate(db, names, services, command, who, NOW) == EAST
    assert gate.find_gate(db, names, services, command, who, after(60)) == EAST
    assert services.identity.asked_for_gates == 1

    services.identity.fails_with = [Unavailable()]
    assert gate.find_gate(db, names, services, command, who, after(3600)) == EAST


def test_a_gate_of_nowhere_is_refused(db: Database, errand: Errand, services: FakeServices) -> None:
    command = AdmitVisit(request_id=new_id(), visit_id=errand.visit_id, gate_id=new_id())
    with pytest.raises(NoSuchPlace):
        gate.find_gate(db, GateNames(), services, command, guard(), NOW)
