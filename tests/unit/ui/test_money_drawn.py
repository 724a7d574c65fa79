"""An amount in capitals, and one order's money as a drawing."""

import pytest

from gateway.console.flow import flow_of
from services.contracts.settlement import Custody
from services.kernel.capitals import capitals
from tests.unit.ui import samples_treasury as t

CAPITALS = [
    (140950, "壹仟肆佰零玖元伍角整"),
    (600714, "陆仟零柒元壹角肆分"),
    (168032, "壹仟陆佰捌拾元零叁角贰分"),
    (10700053, "壹拾万柒仟元零伍角叁分"),
    (1640902, "壹万陆仟肆佰零玖元零贰分"),
    (32504, "叁佰贰拾伍元零肆分"),
    (0, "零元整"),
    (50, "伍角整"),
    (10**12, "壹佰亿元整"),
    (-500, "负伍元整"),
]


@pytest.mark.parametrize(("fen", "words"), CAPITALS)
def test_amounts_are_written_in_capitals_as_the_central_bank_asks(fen: int, words: str) -> None:
    assert capitals(fen) == words


def test_each_movement_is_an_arrow_and_each_account_a_lane() -> None:
    money = t.order_money()
    flow = flow_of(money)
    assert len(flow.arrows) == len(money.steps)
    assert [lane.words for lane in flow.lanes][:3] == ["支付渠道", "物业保管", "家庭账户"]
    assert all(0 < lane.x < flow.width for lane in flow.lanes)
    assert all(arrow.y < flow.height for arrow in flow.arrows)


def test_a_lane_is_thick_while_its_account_holds_something() -> None:
    flow = flow_of(t.order_money())
    held = [bar for bar in flow.bars if bar.words.startswith("物业保管")]
    assert [bar.words for bar in held] == [
        f"物业保管 {sum}" for sum in ("¥10.00", "¥14.00", "¥11.00", "¥0.33")
    ]
    assert {lane.words: lane.left_fen for lane in flow.lanes if lane.left_fen} == {
        "商家账户": 1067,
        "物业服务费": 33,
    }


def test_money_under_the_shops_own_number_is_said_to_lie_at_the_channel() -> None:
    money = t.order_money("held").model_copy(update={"custody": Custody.PLATFORM})
    words = [lane.words for lane in flow_of(money).lanes]
    assert "渠道冻结" in words
    assert "物业保管" not in words
