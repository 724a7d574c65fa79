"""Every line of the table of moves, and that there is no other."""

from itertools import product

import pytest

from services.contracts.orders import OrderState, Party, WrongState
from services.orders.domain.moves import MOVES, Act, can, move

EXPECTED = """
awaiting_payment       pay             system                          awaiting_confirmation
closing                pay             system                          awaiting_confirmation
cancelled              pay             system                          cancelled
awaiting_payment       close           resident staff system           closing
closing                cancel          system                          cancelled
awaiting_confirmation  cancel          resident merchant staff system  cancelled
preparing              cancel          merchant staff system           cancelled
ready                  cancel          merchant staff system           cancelled
scheduled              cancel          merchant staff system           cancelled
preparing              cancel_late     resident                        cancelled
ready                  cancel_late     resident                        cancelled
scheduled              cancel_late     resident                        cancelled
awaiting_confirmation  complete        system                          completed
awaiting_confirmation  confirm         merchant system                 preparing
awaiting_confirmation  schedule        merchant                        scheduled
preparing              mark_ready      merchant                        ready
preparing              dispatch        merchant                        out_for_delivery
ready                  dispatch        merchant                        out_for_delivery
preparing              deliver         courier                         delivered
ready                  deliver         courier                         delivered
out_for_delivery       deliver         courier                         delivered
preparing              hand_over       merchant                        completed
ready                  hand_over       merchant                        completed
scheduled              hand_over       merchant                        completed
in_service             hand_over       merchant                        completed
scheduled              start_service   merchant                        in_service
scheduled              finish_service  merchant                        delivered
in_service             finish_service  merchant                        delivered
out_for_delivery       complete        resident                        completed
delivered              complete        resident system                 completed
awaiting_confirmation  end             system                          completed
preparing              end             system                          completed
ready                  end             system                          completed
scheduled              end             system                          completed
in_service             end             system                          completed
out_for_delivery       end             system                          completed
delivered              end             system                          completed
"""


def expected() -> dict[tuple[str, str, str], str]:
    table = {}
    for line in EXPECTED.strip().splitlines():
        state, act, *parties, to = line.split()
        table |= {(state, act, party): to for party in parties}
    return table


TABLE = expected()
EVERYTHING = list(product(OrderState, Act, Party))


@pytest.mark.parametrize(("state", "act", "party"), EVERYTHING)
def test_a_move_is_as_the_table_says_or_refused_with_the_state(
    state: OrderState, act: Act, party: Party
) -> None:
    to = TABLE.get((state, act, party))
    assert can(state, act, party) is (to is not None)
    if to is not None:
        assert move(state, act, party) == to
        return
    with pytest.raises(WrongState) as refused:
        move(state, act, party)
    assert refused.value.fields == {"state": state, "act": act}


def test_every_state_can_be_reached_and_every_open_one_left() -> None:
    reached = {found.to for found in MOVES.values()} | {OrderState.AWAITING_PAYMENT}
    assert reached == set(OrderState)
    left = {state for (state, _), found in MOVES.items() if found.to is not state}
    assert set(OrderState) - left == {OrderState.COMPLETED, OrderState.CANCELLED}
