"""Random lives of the ledger: transfers alone and together, holds, repeats and wrong ones.

The machine keeps the model; whoever stands beside it (MariaDB, or nobody) is told each act and must
answer the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from services.contracts.settlement import Channel
from services.kernel.errors import LinliError
from services.kernel.ids import derived_id
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account
from services.settlement.domain.holds import Hold
from services.settlement.domain.transfers import Entry, Transfer, TransferKind, between
from tests.support.ledger_model import LedgerModel

AMOUNTS_FEN = st.integers(1, 300)
GUARDED = 4
KINDS = (TransferKind.RECEIPT, TransferKind.RELEASE, TransferKind.REFUND_TO_FUND)


class Beside(Protocol):
    """A second ledger that lives the same life."""

    def post(self, transfers: Sequence[Transfer]) -> None:
        """As the model."""

    def place(self, hold: Hold) -> None:
        """As the model."""

    def resolve(self, hold: Hold, taken_fen: int, target: Account) -> None:
        """As the model."""

    def checkpoint(self) -> None:
        """Sum what is settled, so that later sums start from there."""

    def agrees(self, model: LedgerModel) -> None:
        """AssertionError when it does not say what the model says."""


class LedgerMachine(RuleBasedStateMachine):
    """Account 0 is summed and may go below zero, the others are guarded."""

    purposes: Bundle[str] = Bundle("purposes")
    hold_ids: Bundle[str] = Bundle("hold_ids")

    def __init__(self, beside: Beside | None = None, key: str = "") -> None:
        super().__init__()
        self.model, self.beside, self.key = LedgerModel(), beside, key
        self.known = [accounts.clearing(Channel.WECHAT, f"{key[-20:]}")]
        self.known += [
            accounts.merchant_fund(f"{key}m1"),
            accounts.household_fund(f"{key}h1"),
            accounts.household_fund(f"{key}h2"),
            accounts.escrow(f"{key}o1"),
        ]
        self.count = 0

    # acts

    @rule(
        target=purposes,
        kind=st.sampled_from(KINDS),
        route=st.permutations(range(GUARDED + 1)),
        amount_fen=AMOUNTS_FEN,
    )
    def transfer(self, kind: TransferKind, route: list[int], amount_fen: int) -> str:
        """Something new, which is there afterwards or was not possible."""
        purpose = self._fresh()
        self._post([self._between(kind, purpose, route, amount_fen)])
        return purpose

    @rule(to=st.integers(1, GUARDED), amount_fen=AMOUNTS_FEN)
    def money_comes(self, to: int, amount_fen: int) -> None:
        """From the channel, which is always possible."""
        entries = between(self.known[0], self.known[to], amount_fen)
        self._post([Transfer(TransferKind.RECEIPT, self._fresh(), entries)])

    @rule(
        purpose=purposes,
        kind=st.sampled_from(KINDS),
        route=st.permutations(range(GUARDED + 1)),
        amount_fen=AMOUNTS_FEN,
    )
    def transfer_again(
        self, purpose: str, kind: TransferKind, route: list[int], amount_fen: int
    ) -> None:
        """For the same purpose, with whatever amount; of another kind it is another one."""
        self._post([self._between(kind, purpose, route, amount_fen)])

    @rule(
        target=purposes,
        routes=st.lists(
            st.tuples(st.permutations(range(GUARDED + 1)), AMOUNTS_FEN), min_size=2, max_size=5
        ),
        twice=st.booleans(),
    )
    def transfers_together(self, routes: list[tuple[list[int], int]], twice: bool) -> Any:
        """All of them or none; what one brings another may spend."""
        purposes = [self._fresh() for _ in routes]
        if twice:
            purposes[-1] = purposes[0]
        self._post(
            [
                self._between(TransferKind.RELEASE, purpose, route, amount_fen)
                for purpose, (route, amount_fen) in zip(purposes, routes, strict=True)
            ]
        )
        return multiple(*purposes)

    @rule(parts=st.lists(AMOUNTS_FEN, min_size=GUARDED, max_size=GUARDED))
    def one_to_many(self, parts: list[int]) -> None:
        """A transfer of many entries: commission, debt and fund in one."""
        entries = [Entry(self.known[0], -sum(parts))]
        entries += [Entry(*pair) for pair in zip(self.known[1:], parts, strict=True)]
        self._post([Transfer(TransferKind.RELEASE, self._fresh(), tuple(entries))])

    @rule(target=hold_ids, source=st.integers(1, GUARDED), amount_fen=AMOUNTS_FEN)
    def place(self, source: int, amount_fen: int) -> str:
        """Set so much aside, where it is there."""
        hold_id = self._fresh()
        self._place(hold_id, source, amount_fen)
        return hold_id

    @rule(hold_id=hold_ids, source=st.integers(1, GUARDED), amount_fen=AMOUNTS_FEN)
    def place_again(self, hold_id: str, source: int, amount_fen: int) -> None:
        """Under the same id: refused if the first one was not."""
        self._place(hold_id, source, amount_fen)

    @rule(hold_id=hold_ids, to=st.integers(0, GUARDED))
    def post_all(self, hold_id: str, to: int) -> None:
        """All of it is taken, or the error names how it ended before."""
        known = self.model.holds.get(hold_id)
        self._resolve(hold_id, known.hold.amount_fen if known else 1, to)

    @rule(hold_id=hold_ids, taken_fen=AMOUNTS_FEN, to=st.integers(0, GUARDED))
    def post_part(self, hold_id: str, taken_fen: int, to: int) -> None:
        """A part, or more than there is."""
        self._resolve(hold_id, taken_fen, to)

    @rule(hold_id=hold_ids)
    def void(self, hold_id: str) -> None:
        """Nothing is taken."""
        self._resolve(hold_id, 0, 0)

    @rule()
    def checkpoint(self) -> None:
        """Only the one beside has such a thing; it must not show."""
        if self.beside is not None:
            self.beside.checkpoint()

    # what must hold after each act

    @invariant()
    def the_model_is_sound(self) -> None:
        self.model.assert_sound()

    @invariant()
    def whoever_is_beside_agrees(self) -> None:
        if self.beside is not None:
            self.beside.agrees(self.model)

    # how acts are done

    def _between(
        self, kind: TransferKind, purpose: str, route: list[int], amount_fen: int
    ) -> Transfer:
        source, target = self.known[route[0]], self.known[route[1]]
        return Transfer(kind, purpose, between(source, target, amount_fen))

    def _post(self, transfers: Sequence[Transfer]) -> None:
        beside = self.beside
        self._both(
            lambda: self.model.post(transfers), lambda: beside.post(transfers) if beside else None
        )

    def _place(self, hold_id: str, source: int, amount_fen: int) -> None:
        beside, hold = self.beside, Hold(hold_id, self.known[source], amount_fen, "payment.fund")
        self._both(lambda: self.model.place(hold), lambda: beside.place(hold) if beside else None)

    def _resolve(self, hold_id: str, taken_fen: int, to: int) -> None:
        beside, target = self.beside, self.known[to]
        known = self.model.holds.get(hold_id)
        hold = known.hold if known else Hold(hold_id, self.known[1], 1, "never placed")
        self._both(
            lambda: self.model.resolve(hold_id, taken_fen, target),
            lambda: beside.resolve(hold, taken_fen, target) if beside else None,
        )

    def _both(self, here: Callable[[], None], there: Callable[[], None]) -> None:
        """The same end on both sides: done, or the same error with the same state or rest."""
        ours, theirs = _end_of(here), _end_of(there)
        assert self.beside is None or ours == theirs

    def _fresh(self) -> str:
        self.count += 1
        return derived_id("ledger_machine", self.key, str(self.count))


def _end_of(act: Callable[[], None]) -> tuple[str, dict[str, str]]:
    try:
        act()
    except LinliError as error:
        return error.code, dict(error.fields)
    return "done", {}
