"""The two ways in: a staff password, and WeChat's OAuth (网页授权, snsapi_base)."""

from flask import request

from gateway.parts import parts
from services.contracts.identity import SessionView, SignInStaff, SignInWithWechat
from services.contracts.marketing import ExchangeCode, OpenidView
from services.kernel.ids import derived_id, new_id

CLIENT_MAX = 200


def sign_in_staff(username: str, password: str) -> SessionView:
    """A session, or WrongPassword; few attempts a minute for a name and for an address."""
    limits = parts().limits
    limits.sign_in_name.take(username.casefold())
    limits.sign_in_address.take(request.remote_addr or "")
    command = SignInStaff(
        request_id=new_id(), username=username, password=password, client=client()
    )
    return parts().backends.identity.sign_in_staff(command)


def sign_in_with_code(app_id: str, code: str) -> tuple[SessionView, OpenidView]:
    """A session for the WeChat user whom the code names, or OAuthCodeRefused."""
    account = parts().accounts.get(app_id)
    # WeChat takes a code once; a page that is loaded twice sends it twice.
    exchange = ExchangeCode(
        request_id=derived_id("oauth", account.app_id, code), app_id=account.app_id, code=code
    )
    who = parts().backends.marketing.exchange_code(exchange)
    command = SignInWithWechat(
        request_id=new_id(), app_id=who.app_id, openid=who.openid, client=client()
    )
    return parts().backends.identity.sign_in_with_wechat(command), who


def client() -> str:
    """The browser or program, as it names itself."""
    return request.headers.get("User-Agent", "")[:CLIENT_MAX]
