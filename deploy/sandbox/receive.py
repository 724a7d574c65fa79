"""The page on which a payee takes a transfer, in a layer over the merchant's page.

Source: WeChat Pay merchant document 「JSAPI调起用户确认收款」: requestMerchantTransfer with mchId,
appId and package, the `package_info` of the transfer's answer.
"""

from sqlite3 import Row

from flask import Blueprint, Response, make_response, render_template, request

from deploy.sandbox import chat, sheet
from deploy.sandbox.store import NotKept
from deploy.sandbox.transfers import WAITING, Unconfirmable, confirm_transfer
from deploy.sandbox.world import World


def blueprint(world: World) -> Blueprint:
    """The page and the tap."""
    routes = Blueprint("receive", __name__, url_prefix="/sandbox/confirm-transfer")

    @routes.get("")
    def show() -> Response:
        try:
            transfer = _transfer(world)
            _check(world, transfer)
        except (NotKept, Unconfirmable) as wrong:
            return sheet.refused(str(wrong))
        return _page("receive.html", world, transfer)

    @routes.post("")
    def confirm() -> Response:
        try:
            transfer = _transfer(world)
            confirm_transfer(world, transfer, sheet.payer_of(world, transfer))
        except (NotKept, Unconfirmable) as wrong:
            return sheet.refused(str(wrong))
        return _page("received.html", world, transfer)

    return routes


def _transfer(world: World) -> Row:
    given, account = request.values, world.account
    if (given.get("mchId"), given.get("appId")) != (account.mchid, account.app_id):
        raise NotKept("商户号或appId有误")
    transfer = world.store.one(
        "SELECT * FROM transfers WHERE package = ?", (given.get("package", ""),)
    )
    if transfer is None:
        raise NotKept("没有这笔转账")
    return transfer


def _check(world: World, transfer: Row) -> None:
    if sheet.payer_of(world, transfer) != transfer["openid"]:
        raise Unconfirmable("收款人与转账单不一致")
    if transfer["state"] != WAITING:
        raise Unconfirmable("这笔转账不需要确认，或已过期")


def _page(template: str, world: World, transfer: Row) -> Response:
    page = render_template(
        template,
        transfer=transfer,
        payee=chat.person_of(world.store, transfer["openid"]),
        account=world.account,
        framed=sheet.framed(),
        return_url=sheet.return_url(),
    )
    return make_response(page)
