"""What the accountant sets: the commission, whose hands hold the money, the shops' own numbers."""

from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext

from gateway.console.money.names import merchant_names
from gateway.console.money.reading import one_id, typed
from gateway.console.staff import my_community, need_staff
from gateway.pages import command, draw, write_once
from gateway.parts import parts
from gateway.ui import local
from services.contracts.identity import CommunitiesQuery
from services.contracts.settlement import (
    ChannelRefused,
    CommissionRulesQuery,
    CustodyQuery,
    PutCommissionRule,
    PutCustody,
    PutSubMerchant,
)
from services.kernel import clock
from services.kernel.errors import Forbidden, Malformed

blueprint = Blueprint("money_rules", __name__)


@blueprint.get("/console/money/rules")
def rules() -> str:
    """The commission's rules in force and to come."""
    return _draw_rules()


def _draw_rules(**context: Any) -> str:
    who = need_staff()
    view = parts().backends.settlement.commission_rules(CommissionRulesQuery())
    return draw(
        "console/money/rules.html",
        rules=view.items,
        names=merchant_names(who),
        today=local(clock.now()).date(),
        **context,
    )


@blueprint.post("/console/money/rules")
def put_rule() -> Response:
    """One rule more; the others stay."""
    need_staff()

    def write() -> str:
        wish = command(
            PutCommissionRule,
            merchant_id=typed("merchant_id") or None,
            category=typed("category"),
            rate_bp=rate_bp(typed("rate")),
            from_day=typed("from_day"),
            until_day=typed("until_day") or None,
        )
        parts().backends.settlement.put_commission_rule(wish)
        return "/console/money/rules"

    return write_once(write, lambda faults, notice: _draw_rules(faults=faults, notice=notice))


def rate_bp(text: str) -> int:
    """`2.5` percent as 250 hundredths of a percent; Malformed for more than two decimals."""
    whole, _, part = text.removesuffix("%").strip().partition(".")
    digits = whole.isascii() and whole.isdigit() and len(whole) <= 3
    if not digits or (part and not (part.isascii() and part.isdigit() and len(part) <= 2)):
        raise Malformed(fields={"rate": gettext("请写百分数，例如 2.5")})
    return int(whole) * 100 + int((part or "0").ljust(2, "0"))


@blueprint.get("/console/money/custody")
def custody() -> str:
    """Whose merchant number receives, and what that offers and asks."""
    return _draw_custody(one_id("community_id"))


def _draw_custody(community_id: str | None, **context: Any) -> str:
    who = need_staff()
    backends = parts().backends
    chosen_id = community_id or my_community(who)
    if chosen_id is None:
        raise Forbidden("looks after no community")
    communities = backends.identity.communities(CommunitiesQuery()).communities
    return draw(
        "console/money/custody.html",
        custody=backends.settlement.custody(CustodyQuery(community_id=chosen_id)),
        communities=[one for one in communities if one.community_id in who.communities],
        names=merchant_names(who),
        **context,
    )


@blueprint.post("/console/money/custody")
def put_custody() -> Response:
    """Choose the mode; orders that are paid already stay as they are."""
    need_staff()
    community_id = typed("community_id")

    def write() -> str:
        wish = command(PutCustody, community_id=community_id, custody=typed("custody"))
        parts().backends.settlement.put_custody(wish)
        return f"/console/money/custody?community_id={community_id}"

    return write_once(
        write,
        lambda faults, notice: _draw_custody(community_id, faults=faults, notice=notice),
    )


@blueprint.post("/console/money/sub-merchants")
def put_sub_merchant() -> Response:
    """A shop's own merchant number at WeChat Pay."""
    need_staff()
    community_id = typed("community_id")

    def write() -> str:
        wish = command(
            PutSubMerchant, merchant_id=typed("merchant_id"), sub_mchid=typed("sub_mchid")
        )
        try:
            parts().backends.settlement.put_sub_merchant(wish)
        except ChannelRefused as refusal:
            # What WeChat Pay says of the number is the only thing that helps here.
            raise ChannelRefused(fields={"sub_mchid": refusal.message}) from None
        return f"/console/money/custody?community_id={community_id}"

    return write_once(
        write,
        lambda faults, notice: _draw_custody(community_id, faults=faults, notice=notice),
    )
