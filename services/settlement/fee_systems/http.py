"""A fee system behind an HTTP API: JSON, signed both ways.

`GET /fees/v1/bills?cursor=…` bills that changed, in pages · `POST /fees/v1/payments` one payment,
under our number · `POST /fees/v1/payments/{number}/reversal` undo it. 409 with a signed reason is a
refusal; whatever else is not a signed 200 leaves open what became of the request.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import certifi
import urllib3
from pydantic import TypeAdapter
from urllib3.exceptions import HTTPError

from services.contracts.fees import DebtorKind
from services.kernel import clock
from services.kernel.errors import Unavailable
from services.kernel.ids import Id
from services.kernel.money import exact
from services.settlement.domain.days import BEIJING
from services.settlement.domain.fee_system import (
    BillPage,
    BillSaid,
    FeeSystemRefused,
    PaymentTold,
    ReversalTold,
    Standing,
)
from services.settlement.fee_systems.signing import (
    CLIENT,
    NONCE,
    SIGNATURE,
    TIME,
    WINDOW_S,
    FeeKey,
    same,
)

POOL_SIZE, PAGE_SIZE = 4, 200
ANSWER_MAX_BYTES = 4_000_000
TAKEN, REFUSED = 200, 409
_ID: TypeAdapter[str] = TypeAdapter(Id)


class FeesByHttp:
    """One fee system at one address."""

    name = "http"

    def __init__(self, base_url: str, *, client: str, key: str, timeout_s: float) -> None:
        secure = {"ca_certs": certifi.where()} if base_url.startswith("https:") else {}
        self._prefix = urlsplit(base_url).path.rstrip("/")
        self._pool = urllib3.connection_from_url(
            base_url, maxsize=POOL_SIZE, timeout=timeout_s, retries=False, **secure
        )
        self._client, self._key = client, FeeKey(key)

    def bills_since(self, cursor: str) -> BillPage:
        """One page of what has changed; bills that cannot be read are named and left out."""
        asked = urlencode({"cursor": cursor, "limit": PAGE_SIZE})
        try:
            told = self._call("GET", f"/fees/v1/bills?{asked}")
        except FeeSystemRefused as error:
            raise Unavailable(f"the fee system gives no bills: {error.message}") from error
        bills, faults = [], {}
        try:
            for item in told["bills"]:
                try:
                    bills.append(bill_of(item))
                except (KeyError, TypeError, ValueError) as error:
                    faults[str(item.get("number"))[:60]] = f"{type(error).__name__}: {error}"[:200]
            return BillPage(bills, str(told["cursor"]), bool(told["more"]), faults)
        except (KeyError, TypeError, AttributeError) as error:
            raise Unavailable("the fee system's page of bills does not parse") from error

    def tell_payment(self, told: PaymentTold) -> None:
        """Tell it, or tell it again."""
        self._call(
            "POST",
            "/fees/v1/payments",
            {
                "number": told.number,
                "community_id": told.community_id,
                "bill_number": told.external_number,
                "amount_fen": told.amount_fen,
                "way": told.way.value,
                "paid_at": told.paid_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            },
        )

    def tell_reversal(self, told: ReversalTold) -> BillSaid | None:
        """Tell it, or tell it again; the bill as it stands then."""
        answer = self._call(
            "POST", f"/fees/v1/payments/{quote(told.number)}/reversal", {"reason": told.reason}
        )
        return _bill_in(answer)

    def _call(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> Any:
        path = self._prefix + path
        body = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
        nonce, at_s = secrets.token_hex(16), int(clock.now().timestamp())
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "linli",
            CLIENT: self._client,
            TIME: str(at_s),
            NONCE: nonce,
            SIGNATURE: self._key.of_request(method, path, at_s, nonce, body),
        }
        try:
            answer = self._pool.urlopen(
                method, path, body=body or None, headers=headers, redirect=False
            )
        except HTTPError as error:
            raise Unavailable(f"the fee system: {type(error).__name__}") from error
        # An unsigned page of some proxy must neither take nor refuse anybody's money.
        if answer.status not in (TAKEN, REFUSED):
            raise Unavailable(f"the fee system answers {answer.status}")
        if len(answer.data) > ANSWER_MAX_BYTES or not self._is_genuine(answer, nonce):
            raise Unavailable("the fee system's answer is not signed by the fee system")
        return _opened(answer.status, answer.data)

    def _is_genuine(self, answer: Any, nonce: str) -> bool:
        at = answer.headers.get(TIME, "")
        if not (at.isascii() and at.isdigit()) or abs(int(at) - clock.now().timestamp()) > WINDOW_S:
            return False
        due = self._key.of_answer(answer.status, int(at), nonce, answer.data)
        return same(answer.headers.get(SIGNATURE, ""), due)


def bill_of(item: Mapping[str, Any]) -> BillSaid:
    """A bill as the API writes it; KeyError, TypeError or ValueError when it is not one."""
    number, amount_fen = str(item["number"]), exact(item["amount_fen"])
    if not 1 <= len(number) <= 60 or amount_fen <= 0:
        raise ValueError("a number of 1 to 60 characters, an amount above zero")
    return BillSaid(
        community_id=_ID.validate_python(item["community_id"]),
        external_number=number,
        debtor_kind=DebtorKind(item["debtor_kind"]),
        debtor_id=_ID.validate_python(item["debtor_id"]),
        title=str(item["title"])[:200],
        period=str(item["period"])[:40],
        amount_fen=amount_fen,
        due_day=date.fromisoformat(item["due_day"]),
        standing=Standing(item["state"]),
    )


def _opened(status: int, data: bytes) -> Any:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Unavailable("the fee system's answer is no JSON") from error
    if status == REFUSED:
        words = value if isinstance(value, dict) else {}
        message = str(words.get("message") or words.get("code") or "refused")[:200]
        raise FeeSystemRefused(message, bill=_bill_in(words))
    return value


def _bill_in(value: Any) -> BillSaid | None:
    if not isinstance(value, dict) or not isinstance(value.get("bill"), dict):
        return None
    try:
        return bill_of(value["bill"])
    except (KeyError, TypeError, ValueError):
        return None
