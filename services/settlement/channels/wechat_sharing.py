"""WeChat Pay's profit sharing (分账): a shop's frozen money, the property's commission.

Sources: WeChat Pay partner documents 「添加分账接收方」, 「请求分账」, 「查询分账结果」,
「解冻剩余资金」, 「查询剩余待分金额」, 「请求分账回退」, 「查询分账回退结果」 with their error
codes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.kernel.errors import Unavailable
from services.settlement.channels.wechat_calls import Calls, Reply, connect, in_path
from services.settlement.domain.sharing import (
    ReturnAsk,
    Share,
    ShareAsk,
    ShareRef,
    ShareReturn,
    ShareState,
)
from services.settlement.settings import Settings

_ORDERS, _RETURNS = "/v3/profitsharing/orders", "/v3/profitsharing/return-orders"
_NOTE_MAX = 80
_TOO_EARLY = ("30秒", "稍后", "处理中")
"""How INVALID_REQUEST is worded within 30 seconds after the payment, or while another runs."""
_RETURN_STATES = {
    "PROCESSING": ShareState.PROCESSING,
    "SUCCESS": ShareState.DONE,
    "FAILED": ShareState.FAILED,
}


class WechatSharing:
    """SharingChannel over WeChat Pay; our merchant number is partner and receiver in one."""

    def __init__(self, settings: Settings) -> None:
        self._mchid = settings.wechatpay_mchid
        self._app_id = settings.wechatpay_app_id
        self._name = settings.wechatpay_merchant_name
        self._calls = Calls(connect(settings))
        self._named: set[str] = set()
        """Shops that know us as a receiver, as far as this process has told them."""

    def add_receiver(self, sub_merchant: str) -> None:
        body = {
            "sub_mchid": sub_merchant,
            "appid": self._app_id,
            "type": "MERCHANT_ID",
            "account": self._mchid,
            "name": self._calls.sealed(self._name),
            "relation_type": "SERVICE_PROVIDER",
        }
        self._calls.post("/v3/profitsharing/receivers/add", body).meaning(dict)
        self._named.add(sub_merchant)

    def share(self, ask: ShareAsk) -> Share:
        known: dict[str, Any] = {
            "sub_mchid": ask.sub_merchant,
            "transaction_id": ask.transaction_id,
            "out_order_no": ask.out_order_no,
        }
        if not ask.commission_fen:
            body = known | {"description": ask.note[:_NOTE_MAX]}
            return self._share(self._calls.post(f"{_ORDERS}/unfreeze", body))
        if ask.sub_merchant not in self._named:
            self.add_receiver(ask.sub_merchant)
        receiver = {
            "type": "MERCHANT_ID",
            "account": self._mchid,
            "amount": ask.commission_fen,
            "description": ask.note[:_NOTE_MAX],
        }
        body = known | {"appid": self._app_id, "receivers": [receiver], "unfreeze_unsplit": True}
        return self._share(self._calls.post(_ORDERS, body))

    def query_share(self, share: ShareRef) -> Share:
        reply = self._calls.get(
            f"{_ORDERS}/{in_path(share.out_order_no)}",
            sub_mchid=share.sub_merchant,
            transaction_id=share.transaction_id,
        )
        if reply.not_there:
            return Share(share.out_order_no, ShareState.UNKNOWN)
        return self._share(reply)

    def frozen_fen(self, transaction_id: str) -> int:
        path = f"/v3/profitsharing/transactions/{in_path(transaction_id)}/amounts"
        return self._calls.get(path).meaning(lambda told: int(told["unsplit_amount"]))

    def return_commission(self, ask: ReturnAsk) -> ShareReturn:
        body = {
            "sub_mchid": ask.share.sub_merchant,
            "out_order_no": ask.share.out_order_no,
            "out_return_no": ask.out_return_no,
            "return_mchid": self._mchid,
            "amount": ask.amount_fen,
            "description": ask.note[:_NOTE_MAX],
        }
        return _patient(self._calls.post(_RETURNS, body)).meaning(_return_of)

    def query_return(self, ask: ReturnAsk) -> ShareReturn:
        reply = self._calls.get(
            f"{_RETURNS}/{in_path(ask.out_return_no)}",
            sub_mchid=ask.share.sub_merchant,
            out_order_no=ask.share.out_order_no,
        )
        if reply.not_there:
            return ShareReturn(ask.out_return_no, ShareState.UNKNOWN)
        return reply.meaning(_return_of)

    def _share(self, reply: Reply) -> Share:
        return _patient(reply).meaning(self._share_of)

    def _share_of(self, told: Mapping[str, Any]) -> Share:
        """The whole request; what was unfrozen stands among the receivers as the shop's own."""
        ours = [each for each in told.get("receivers") or [] if each["account"] == self._mchid]
        state = _share_state(told["state"], [each["result"] for each in ours])
        return Share(
            out_order_no=told["out_order_no"],
            state=state,
            shared_fen=sum(each["amount"] for each in ours if each["result"] == "SUCCESS"),
            note=next((each.get("fail_reason", "") for each in ours), ""),
            done_at=_latest(each.get("finish_time") for each in told.get("receivers") or []),
        )


def _share_state(state: str, results: list[str]) -> ShareState:
    """FINISHED speaks of the request; a receiver that is CLOSED got nothing."""
    if state != "FINISHED":
        return ShareState.PROCESSING
    return ShareState.FAILED if "CLOSED" in results else ShareState.DONE


def _return_of(told: Mapping[str, Any]) -> ShareReturn:
    return ShareReturn(
        out_return_no=told["out_return_no"],
        state=_RETURN_STATES[told["result"]],
        amount_fen=told["amount"],
        note=told.get("fail_reason") or "",
        done_at=_latest([told.get("finish_time")]),
    )


def _latest(times: Any) -> datetime | None:
    """The last of these moments, nothing when there is none."""
    return max((datetime.fromisoformat(text) for text in times if text), default=None)


def _patient(reply: Reply) -> Reply:
    """The reply; Unavailable when it only says that this comes too early."""
    message = str(reply.told.get("message", ""))
    if reply.code == "INVALID_REQUEST" and any(word in message for word in _TOO_EARLY):
        raise Unavailable(f"WeChat Pay wants to be asked later: {message[:120]}")
    return reply
