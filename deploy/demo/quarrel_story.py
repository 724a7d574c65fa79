"""A quarrel: the money freezes, the file makes itself, a mediator rules, a manager looks again."""

from typing import Any

from deploy.demo.acts import deliver, dispatch, merchant_balance, paid_order, state_is
from deploy.demo.clients import Person, Staff, wait_for
from deploy.demo.deal_story import refused, uploaded
from deploy.demo.teller import RESIDENT, Story

FIRST_FEN, FINAL_FEN = 100, 200
STORY = "早餐少送一份，门岗记录显示准时进出，送达照片里只有一份；双方各担一部分。"


def tell(story: Story) -> None:
    """From two taps to the second look, and the review that comes after."""
    resident, keeper = story.person(RESIDENT), story.person(story.shop.keeper.key)
    mediator = story.staff("tiaojie")
    manager = story.staff("jingli")
    order_id, amount_fen, path = _open(story, resident, keeper)
    _file_makes_itself(story, keeper, mediator, order_id, path)
    with story.step("the mediator splits the money, and says why") as notes:
        assert refused(keeper, f"{path}/rule", _split(FIRST_FEN)).status == 403
        mediator.post(f"{path}/rule", _split(FIRST_FEN))
        notes.append(f"¥{FIRST_FEN / 100:.2f} to the resident, {_yuan(amount_fen - FIRST_FEN)}")
    before = merchant_balance(keeper)
    with story.step("the resident appeals; who ruled may not decide it, the manager does") as notes:
        resident.post(f"{path}/appeal", {"text": "少的那份是我妈的药膳粥，只退一块不合理"})
        assert refused(mediator, f"{path}/decide", _split(FINAL_FEN)).status == 403
        manager.post(f"{path}/decide", _split(FINAL_FEN))
        notes.append(f"¥{FINAL_FEN / 100:.2f} to the resident")
    with story.step("the money follows the last word, and everything is on the record") as notes:
        state_is(resident, order_id, "completed")
        wanted = before + amount_fen - FINAL_FEN
        wait_for(lambda: merchant_balance(keeper) == wanted, "the merchant's part")
        wait_for(
            lambda: resident.get(f"/orders/{order_id}")["refunded_fen"] == FINAL_FEN,
            "the resident's part",
        )
        record = resident.get(f"/orders/{order_id}/record")
        assert record["whole"], record["broken_at"]
        notes.append(f"{len(record['entries'])} entries, {record['order']['record_hash'][:12]}")
    with story.step("the next mediator finds the precedent; the neighbours read a review") as notes:
        found = mediator.get("/precedents", text="少送一份")["items"]
        assert any(one["to_resident_fen"] == FINAL_FEN for one in found), found
        review = {"stars": 3, "text": "少送了一份，物业调解得快"}
        resident.post(f"/orders/{order_id}/review", review)
        keeper.post(f"/orders/{order_id}/review/answer", {"text": "抱歉，以后装袋前再数一遍"})
        (score,) = resident.get("/store-scores", store_ids=story.store_id)["scores"]
        notes.append(f"{score['score_hundredths'] / 100:.2f} of {score['votes']}")


def _open(story: Story, resident: Person, keeper: Person) -> tuple[str, int, str]:
    with story.step("a piece is missing at the door: two taps, and the money is frozen") as notes:
        order_id, amount_fen = paid_order(story, resident, 2)
        dispatch(story, order_id)
        deliver(story, order_id)
        state_is(resident, order_id, "delivered")
        photos = [uploaded(resident)]
        body = {"about": "not_received", "text": "少了一份", "photos": photos}
        dispute = resident.post(f"/orders/{order_id}/disputes", body)
        assert (dispute["state"], dispute["frozen_fen"]) == ("negotiating", amount_fen)
        assert "confirm_receipt" not in resident.get(f"/orders/{order_id}")["may"]
        notes.append(_yuan(amount_fen))
    path = f"/orders/{order_id}/disputes/{dispute['dispute_id']}"
    with story.step("the two talk; the shop offers a sum, the resident calls the property"):
        keeper.post(f"/orders/{order_id}/messages", {"text": "袋子里应该是两份，我再查查"})
        keeper.post(f"{path}/propose-split", {"to_resident_fen": 50, "text": "先退一点"})
        resident.post(f"{path}/call-mediator", {"text": "谈不拢，请物业看看"})
    return order_id, amount_fen, path


def _file_makes_itself(
    story: Story, keeper: Person, mediator: Staff, order_id: str, path: str
) -> None:
    with story.step("the mediator's file has talk, photos, money, and the gate's log") as notes:
        mediator.post(f"{path}/take")
        file = mediator.get(f"/disputes/{path.rsplit('/', 1)[-1]}/case-file")
        assert file["record"]["whole"]
        assert {"resident", "merchant"} <= {m["party"] for m in file["record"]["messages"]}
        brought = mediator.get("/order-visits", order_ids=file["brought_ids"])["visits"]
        log = brought[0]["log"]
        assert [entry["direction"] for entry in log] == ["in", "out"], log
        assert brought[0]["drop"]["photo"]
        notes.append(f"in {log[0]['gate']}, out {log[1]['gate']}")
    with story.step("asks the shop, which answers"):
        mediator.post(f"{path}/ask", {"to": "merchant", "text": "出门前装了几份？"})
        keeper.post(f"/orders/{order_id}/messages", {"text": "师傅说可能落了一份"})
        dispute = mediator.get(f"/disputes/{path.rsplit('/', 1)[-1]}")
        assert dispute["asked"] == [], dispute["asked"]


def _split(to_resident_fen: int) -> dict[str, Any]:
    return {
        "to_resident_fen": to_resident_fen,
        "reason": "送达照片里只有一份，商家应当承担少送的部分",
        "precedent": STORY,
    }


def _yuan(fen: int) -> str:
    return f"¥{fen / 100:.2f}"
