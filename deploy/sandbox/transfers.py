"""WeChat Pay v3 merchant transfers (商家转账): the payee confirms on the phone, or does not.

Sources: WeChat Pay merchant documents 「发起转账」, 「商户单号查询转账单」, 「微信单号查询转账单」,
「撤销转账」, 「商家转账回调通知」 with their states, fail reasons and error codes: what nobody has
confirmed after 24 hours is closed.
"""

import json
import re
import secrets
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

from flask import Blueprint, Response, jsonify

from deploy.sandbox import clock, records
from deploy.sandbox.asked import Refused, body_object, query_number
from deploy.sandbox.merchant_api import (
    PayError,
    answer,
    fen_field,
    frame,
    invalid_request,
    json_body,
    param_error,
    required_text,
    text_field,
)
from deploy.sandbox.prepay import callback_url, known_openid
from deploy.sandbox.sharing_rules import opened
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

OUT_BILL_NO = re.compile(r"[0-9A-Za-z]{1,32}")
LEAST_FEN = 10
NAME_FROM_FEN, NO_NAME_BELOW_FEN = 200_000, 30
CONFIRM_WITHIN_S = 86_400
WAITING = "WAIT_USER_CONFIRM"
FINISHED = "MCHTRANSFER.BILL.FINISHED"


class Unconfirmable(Exception):
    """The payee cannot take this; the words say why."""


@dataclass(frozen=True)
class Wanted:
    """A transfer as the merchant asks for it."""

    out_bill_no: str
    openid: str
    amount_fen: int
    remark: str
    notify_url: str | None
    scene: str


def blueprint(world: World) -> Blueprint:
    """The transfer paths of api.mch.weixin.qq.com, and the admin API's."""
    routes = Blueprint("transfers", __name__)
    prefix = "/v3/fund-app/mch-transfer/transfer-bills"
    routes.register_blueprint(_merchant_paths(world, prefix))
    routes.register_blueprint(_admin_paths(world))
    return routes


def _merchant_paths(world: World, prefix: str) -> Blueprint:
    routes = frame(world, Blueprint("transfer_bills", __name__, url_prefix=prefix))

    @routes.post("")
    def ask() -> Response:
        return answer(_answer_view(open_transfer(world, parse(world, json_body()))))

    @routes.get("/out-bill-no/<out_bill_no>")
    def query(out_bill_no: str) -> Response:
        return answer(records.transfer_view(world.account, _known(world, out_bill_no)))

    @routes.post("/out-bill-no/<out_bill_no>/cancel")
    def cancel(out_bill_no: str) -> Response:
        transfer = cancel_transfer(world, _known(world, out_bill_no))
        names = ("out_bill_no", "transfer_bill_no", "state")
        told = {name: transfer[name] for name in names}
        return answer(told | {"update_time": clock.rfc3339(transfer["updated_at"])})

    return routes


def _admin_paths(world: World) -> Blueprint:
    routes = Blueprint("transfer_desk", __name__, url_prefix="/sandbox/api/transfers")

    @routes.get("")
    def list_them() -> Response:
        rows = world.store.all(
            "SELECT * FROM transfers ORDER BY created_at DESC LIMIT ?",
            (query_number("limit", 100),),
        )
        more = [_answer_view(row) | records.transfer_view(world.account, row) for row in rows]
        return jsonify({"transfers": more})

    @routes.post("/<out_bill_no>/confirm")
    def confirm(out_bill_no: str) -> Response:
        transfer = records.transfer_of(world.store, out_bill_no)
        try:
            openid = str(body_object().get("openid") or transfer["openid"])
            confirm_transfer(world, transfer, openid)
        except Unconfirmable as wrong:
            raise Refused(409, "unconfirmable", str(wrong)) from None
        return _seen(world, out_bill_no)

    @routes.post("/<out_bill_no>/expire")
    def expire(out_bill_no: str) -> Response:
        records.transfer_of(world.store, out_bill_no)
        expire_transfer(world, out_bill_no)
        return _seen(world, out_bill_no)

    return routes


def parse(world: World, body: dict[str, Any]) -> Wanted:
    """「发起转账」, or PayError."""
    if body.get("appid") != world.account.app_id:
        raise param_error("商户号与appid不匹配")
    number = required_text(body, "out_bill_no", 32)
    if not OUT_BILL_NO.fullmatch(number):
        raise param_error("商户单号out_bill_no只能由数字、大小写字母组成")
    amount_fen = fen_field(body, "transfer_amount")
    if amount_fen < LEAST_FEN:
        raise param_error("转账金额小于最低限额0.1元")
    _check_name(world, text_field(body, "user_name", 1024, required=False), amount_fen)
    _check_report(body.get("transfer_scene_report_infos"))
    return Wanted(
        out_bill_no=number,
        openid=known_openid(world, required_text(body, "openid", 64)),
        amount_fen=amount_fen,
        remark=required_text(body, "transfer_remark", 32),
        notify_url=callback_url(body) if body.get("notify_url") else None,
        scene=required_text(body, "transfer_scene_id", 36),
    )


def open_transfer(world: World, wanted: Wanted) -> Row:
    """The transfer, waiting for its payee; the same for the same request again."""
    asked = json.dumps(
        [wanted.openid, wanted.amount_fen, wanted.remark, wanted.scene], ensure_ascii=False
    )
    with world.store.transaction() as db:
        transfer: Row | None = db.execute(
            "SELECT * FROM transfers WHERE out_bill_no = ?", (wanted.out_bill_no,)
        ).fetchone()
        if transfer is None:
            if world.knobs.trouble.transfers == "not_enough":
                raise PayError(403, "NOT_ENOUGH", "商户运营账户资金不足")
            _insert(db, wanted, asked)
            _expire_later(world, wanted.out_bill_no, CONFIRM_WITHIN_S)
        elif transfer["asked"] != asked:
            raise PayError(400, "ALREADY_EXISTS", "商户单号已存在，但请求参数与之前不一致")
    return records.transfer_of(world.store, wanted.out_bill_no)


def confirm_transfer(world: World, transfer: Row, openid: str) -> None:
    """The payee takes it: the money is there a moment later. Unconfirmable when it cannot be."""
    number = transfer["out_bill_no"]
    if transfer["openid"] != openid:
        raise Unconfirmable("收款人与转账单不一致")
    if not _move(world, number, (WAITING,), "TRANSFERING"):
        raise Unconfirmable("这笔转账不需要确认，或已过期")
    ends = ("FAIL", "TRANSFER_RISK") if world.knobs.trouble.transfers == "fail" else ("SUCCESS", "")
    _end_later(world, number, "TRANSFERING", *ends)


def cancel_transfer(world: World, transfer: Row) -> Row:
    """Take back what nobody has confirmed; again is harmless."""
    number = transfer["out_bill_no"]
    if _move(world, number, ("ACCEPTED", WAITING), "CANCELING"):
        _end_later(world, number, "CANCELING", "CANCELLED", "")
    transfer = records.transfer_of(world.store, number)
    if transfer["state"] not in ("CANCELING", "CANCELLED"):
        raise invalid_request("当前转账单状态不支持撤销")
    return transfer


def expire_transfer(world: World, out_bill_no: str) -> None:
    """Nobody confirmed in time: closed, and the money stays with the merchant."""
    _end(world, out_bill_no, WAITING, "FAIL", "OVERDUE_CLOSE")


def resume(world: World) -> None:
    """Go on with what a former process left open."""
    for row in world.store.all(
        "SELECT * FROM transfers WHERE state IN ('TRANSFERING',  ?)", (WAITING,)
    ):
        number, age_s = row["out_bill_no"], clock.now() - row["created_at"]
        if row["state"] == WAITING:
            _expire_later(world, number, CONFIRM_WITHIN_S - age_s)
        else:
            _end_later(world, number, "TRANSFERING", "SUCCESS", "")
    for row in world.store.all("SELECT * FROM transfers WHERE state = 'CANCELING'"):
        _end_later(world, row["out_bill_no"], "CANCELING", "CANCELLED", "")


def _known(world: World, out_bill_no: str) -> Row:
    try:
        return records.transfer_of(world.store, out_bill_no)
    except NotKept:
        raise PayError(404, "NOT_FOUND", "记录不存在") from None


def _seen(world: World, out_bill_no: str) -> Response:
    transfer = records.transfer_of(world.store, out_bill_no)
    return jsonify(records.transfer_view(world.account, transfer))


def _answer_view(transfer: Row) -> dict[str, Any]:
    names = ("out_bill_no", "transfer_bill_no", "state")
    view = {name: transfer[name] for name in names}
    if transfer["state"] == WAITING:
        view["package_info"] = transfer["package"]
    if transfer["fail_reason"]:
        view["fail_reason"] = transfer["fail_reason"]
    return view | {"create_time": clock.rfc3339(transfer["created_at"])}


def _insert(db: Connection, wanted: Wanted, asked: str) -> None:
    now = clock.now()
    db.execute(
        "INSERT INTO transfers (out_bill_no, transfer_bill_no, asked, openid, amount_fen, remark,"
        " notify_url, state, package, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(wanted.out_bill_no, f"13300000{secrets.randbelow(10**22):022d}", asked),
            *(wanted.openid, wanted.amount_fen, wanted.remark, wanted.notify_url, WAITING),
            *(secrets.token_urlsafe(48), now, now),
        ),
    )


def _move(world: World, out_bill_no: str, before: tuple[str, ...], after: str) -> bool:
    marks = ", ".join("?" * len(before))
    return bool(
        world.store.run(
            "UPDATE transfers SET state = ?, updated_at = ?"
            f" WHERE out_bill_no = ? AND state IN ({marks})",
            (after, clock.now(), out_bill_no, *before),
        )
    )


def _expire_later(world: World, out_bill_no: str, delay_s: float) -> None:
    waited_s = max(delay_s, 0) / max(world.knobs.settings.speed_up, 0.001)
    world.timers.after(waited_s, lambda: expire_transfer(world, out_bill_no))


def _end_later(world: World, number: str, before: str, state: str, reason: str) -> None:
    delay_s = world.knobs.settings.transfer_delay_s
    world.timers.after(delay_s, lambda: _end(world, number, before, state, reason))


def _end(world: World, number: str, before: str, state: str, reason: str) -> None:
    """The state that nothing follows, and its notice."""
    notice_id = None
    with world.store.transaction() as db:
        changed = db.execute(
            "UPDATE transfers SET state = ?, fail_reason = ?, updated_at = ?"
            " WHERE out_bill_no = ? AND state = ?",
            (state, reason or None, clock.now(), number, before),
        ).rowcount
        url = db.execute(
            "SELECT notify_url FROM transfers WHERE out_bill_no = ?", (number,)
        ).fetchone()
        if changed and url["notify_url"]:
            notice_id = world.notices.announce(db, FINISHED, number, url["notify_url"])
    if notice_id:
        world.notices.start(notice_id)


def _check_name(world: World, sealed: str | None, amount_fen: int) -> None:
    if sealed is None:
        if amount_fen >= NAME_FROM_FEN:
            raise param_error("转账金额大于等于2000元时，收款用户姓名必填")
        return
    if amount_fen < NO_NAME_BELOW_FEN:
        raise param_error("转账金额小于0.3元时，不支持校验收款用户姓名")
    opened(world, sealed)


def _check_report(infos: object) -> None:
    """The scene's report; which words it wants is between merchant and WeChat Pay."""
    if not isinstance(infos, list) or not infos:
        raise param_error("转账场景报备信息transfer_scene_report_infos必填")
    for info in infos:
        if not isinstance(info, dict):
            raise param_error("转账场景报备信息格式错误")
        required_text(info, "info_type", 15)
        required_text(info, "info_content", 32)
