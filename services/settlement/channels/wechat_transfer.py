"""WeChat Pay's merchant transfers (商家转账, as it is since 2025): the payee confirms on a page.

Sources: WeChat Pay merchant documents 「发起转账」, 「商户单号查询转账单」, 「撤销转账」,
「JSAPI调起用户确认收款」, 「商家转账回调通知」 with their states, fail reasons and error codes.
"""

from typing import Any

from services.settlement.channels import wechat_words
from services.settlement.channels.wechat_calls import Calls, connect, in_path
from services.settlement.domain.payouts import Payout, PayoutAsk, PayoutState
from services.settlement.settings import Settings

_BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
_REMARK_MAX = 32


class WechatTransfers:
    """PayoutChannel over WeChat Pay."""

    def __init__(self, settings: Settings) -> None:
        self._mchid = settings.wechatpay_mchid
        self._app_id = settings.wechatpay_app_id
        self._notify_url = settings.wechatpay_notify_url
        self._scene = settings.wechatpay_transfer_scene
        self._report = _report_infos(settings.wechatpay_transfer_report)
        self._calls = Calls(connect(settings))

    @property
    def merchant_number(self) -> str:
        return self._mchid

    @property
    def app_id(self) -> str:
        return self._app_id

    def transfer(self, ask: PayoutAsk) -> Payout:
        body = {
            "appid": self._app_id,
            "out_bill_no": ask.out_bill_no,
            "transfer_scene_id": self._scene,
            "openid": ask.openid,
            "user_name": self._calls.sealed(ask.payee_name) if ask.payee_name else None,
            "transfer_amount": ask.amount_fen,
            "transfer_remark": ask.remark[:_REMARK_MAX],
            "notify_url": self._notify_url,
            "transfer_scene_report_infos": self._report,
        }
        return self._calls.post(_BILLS, body).meaning(wechat_words.payout_of)

    def query(self, out_bill_no: str) -> Payout:
        reply = self._calls.get(_bill(out_bill_no))
        if reply.not_there:
            return Payout(out_bill_no, PayoutState.UNKNOWN)
        return reply.meaning(wechat_words.payout_of)

    def cancel(self, out_bill_no: str) -> Payout:
        reply = self._calls.post(f"{_bill(out_bill_no)}/cancel")
        if reply.not_there:
            return Payout(out_bill_no, PayoutState.UNKNOWN)
        return reply.meaning(wechat_words.payout_of)


def _bill(out_bill_no: str) -> str:
    return f"{_BILLS}/out-bill-no/{in_path(out_bill_no)}"


def _report_infos(text: str) -> list[dict[str, Any]]:
    """`kind=content;kind=content` as the scene's report, which WeChat Pay checks word by word."""
    pairs = [part.partition("=") for part in text.split(";") if part]
    return [{"info_type": kind, "info_content": content} for kind, _, content in pairs]
