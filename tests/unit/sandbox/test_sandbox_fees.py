"""The fee system of the sandbox, driven by the adapter that settlement uses."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests

from services.contracts.fees import DebtorKind, FeeWay
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.domain.fee_system import (
    FeeSystemRefused,
    PaymentTold,
    ReversalTold,
    Standing,
)
from services.settlement.fee_systems.http import FeesByHttp
from services.settlement.fee_systems.signing import FeeKey
from tests.unit.sandbox.rig import Sandbox

COMMUNITY, HOME = new_id(), new_id()


@pytest.fixture
def system(sandbox: Sandbox) -> FeesByHttp:
    """Settlement's adapter, with the sandbox's key."""
    return adapter(sandbox)


def adapter(sandbox: Sandbox, key: str = "", client: str = "linli") -> FeesByHttp:
    key = key or sandbox.world.fee_key
    return FeesByHttp(sandbox.url, client=client, key=key, timeout_s=2)


def put(sandbox: Sandbox, number: str = "WY-1", **changes: Any) -> None:
    bill = {
        "community_id": COMMUNITY,
        "number": number,
        "debtor_kind": "home",
        "debtor_id": HOME,
        "title": "物业服务费",
        "period": "2026-02",
        "amount_fen": 18_650,
        "due_day": "2026-02-28",
    }
    sandbox.api("PUT", "fees/bills", bill | changes)


def told(number: str = "", bill: str = "WY-1", amount_fen: int = 18_650) -> PaymentTold:
    paid_at = datetime(2026, 2, 10, tzinfo=UTC)
    return PaymentTold(number or new_id(), COMMUNITY, bill, amount_fen, FeeWay.OFFSET, paid_at)


def test_bills_come_in_pages_in_the_order_of_their_last_change(
    sandbox: Sandbox, system: FeesByHttp
) -> None:
    for number in ("A", "B", "C"):
        put(sandbox, number)
    put(sandbox, "A", amount_fen=100)
    page = system.bills_since("")
    assert [bill.external_number for bill in page.bills] == ["B", "C", "A"]
    assert (page.bills[2].amount_fen, page.bills[2].due_day) == (100, date(2026, 2, 28))
    assert page.bills[0].debtor_kind is DebtorKind.HOME
    assert system.bills_since(page.cursor).bills == []
    sandbox.api("POST", "reset", {})
    put(sandbox, "D")
    assert [bill.external_number for bill in system.bills_since(page.cursor).bills] == ["D"]


def test_a_payment_told_twice_is_taken_once(sandbox: Sandbox, system: FeesByHttp) -> None:
    put(sandbox)
    payment = told()
    system.tell_payment(payment)
    system.tell_payment(payment)
    (known,) = sandbox.api("GET", "fees/payments")["payments"]
    assert (known["number"], known["times"], known["way"]) == (payment.number, 2, "offset")
    assert system.bills_since("").bills[0].standing is Standing.PAID
    with pytest.raises(FeeSystemRefused):
        system.tell_payment(replace(payment, amount_fen=1))


def test_a_bill_that_is_paid_withdrawn_changed_or_unknown_is_refused_with_its_standing(
    sandbox: Sandbox, system: FeesByHttp
) -> None:
    put(sandbox)
    with pytest.raises(FeeSystemRefused) as changed:
        system.tell_payment(told(amount_fen=100))
    assert changed.value.bill is not None
    assert changed.value.bill.amount_fen == 18_650
    put(sandbox, state="withdrawn")
    with pytest.raises(FeeSystemRefused) as withdrawn:
        system.tell_payment(told())
    assert withdrawn.value.bill is not None
    assert withdrawn.value.bill.standing is Standing.WITHDRAWN
    with pytest.raises(FeeSystemRefused) as unknown:
        system.tell_payment(told(bill="WY-99"))
    assert unknown.value.bill is None
    assert sandbox.api("GET", "fees/payments")["payments"] == []


def test_a_reversal_opens_the_bill_again_and_may_be_repeated(
    sandbox: Sandbox, system: FeesByHttp
) -> None:
    put(sandbox)
    payment = told()
    system.tell_payment(payment)
    undo = ReversalTold(payment.number, COMMUNITY, "WY-1", "收错户了")
    for _ in range(2):
        bill = system.tell_reversal(undo)
        assert bill is not None
        assert bill.standing is Standing.OPEN
    with pytest.raises(FeeSystemRefused):
        system.tell_reversal(replace(undo, number=new_id()))


def test_trouble_on_request(sandbox: Sandbox, system: FeesByHttp) -> None:
    put(sandbox)
    sandbox.api("PUT", "trouble", {"fee_outage_s": 60})
    with pytest.raises(Unavailable):
        system.tell_payment(told())
    sandbox.api("DELETE", "trouble")
    sandbox.api("PUT", "trouble", {"fees": "refuse"})
    with pytest.raises(FeeSystemRefused):
        system.tell_payment(told())
    sandbox.api("PUT", "trouble", {"fees": "lose_answers"})
    payment = told()
    with pytest.raises(Unavailable):
        system.tell_payment(payment)
    sandbox.api("PUT", "trouble", {"fees": "ok"})
    system.tell_payment(payment)
    put(sandbox, "WY-2")
    sandbox.api("PUT", "trouble", {"fees": "paid_elsewhere"})
    with pytest.raises(FeeSystemRefused) as elsewhere:
        system.tell_payment(told(bill="WY-2"))
    assert elsewhere.value.bill is not None
    assert elsewhere.value.bill.standing is Standing.PAID


@pytest.mark.parametrize("wrong", [{"key": "another"}, {"client": "somebody"}])
def test_a_stranger_is_neither_heard_nor_believed(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    put(sandbox)
    with pytest.raises(Unavailable):
        adapter(sandbox, **wrong).tell_payment(told())
    assert sandbox.api("GET", "fees/payments")["payments"] == []


def test_a_request_that_is_sent_again_by_somebody_else_is_refused(sandbox: Sandbox) -> None:
    now, path = int(datetime.now(UTC).timestamp()), "/fees/v1/bills?cursor="
    headers = {"X-Fee-Client": "linli", "X-Fee-Timestamp": str(now), "X-Fee-Nonce": "n" * 32}
    signature = FeeKey(sandbox.world.fee_key).of_request("GET", path, now, "n" * 32, b"")
    headers["X-Fee-Signature"] = signature

    def ask(**changes: str) -> int:
        return requests.get(sandbox.url + path, headers=headers | changes, timeout=5).status_code

    old = {"X-Fee-Timestamp": str(now - 1000)}
    assert [ask(**old), ask(), ask()] == [401, 200, 401]


def test_an_answer_that_is_not_signed_takes_and_refuses_nothing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sandbox)
    system = adapter(sandbox)
    monkeypatch.setattr(FeeKey, "of_answer", lambda *_: "forged")
    with pytest.raises(Unavailable):
        system.tell_payment(told())
    with pytest.raises(Unavailable):
        system.tell_payment(told(bill="WY-99"))


def test_a_bill_that_cannot_be_read_is_named_and_passed_over(
    sandbox: Sandbox, system: FeesByHttp
) -> None:
    put(sandbox, "BAD", debtor_id="3-2-501")
    put(sandbox, "GOOD")
    page = system.bills_since("")
    assert [bill.external_number for bill in page.bills] == ["GOOD"]
    assert set(page.faults) == {"BAD"}


def test_the_page_shows_bills_and_what_was_told(sandbox: Sandbox, system: FeesByHttp) -> None:
    put(sandbox)
    system.tell_payment(told())
    page = requests.get(f"{sandbox.url}/sandbox/fees", timeout=5).text
    assert "物业服务费 2026-02" in page
    assert "已入账" in page


def test_the_admin_api_refuses_half_a_bill(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/sandbox/api/fees/bills"
    assert requests.put(url, json={"number": "WY-1"}, timeout=5).status_code == 400
    assert sandbox.api("GET", "fees/bills") == {"bills": []}
