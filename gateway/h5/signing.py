"""In and out of the phone pages: WeChat's OAuth (网页授权; snsapi_base asks nothing of people)."""

from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request

from gateway import auth, guard
from gateway.answers import moved, see_other
from gateway.errors import OAuthStateRefused
from gateway.pages import draw
from gateway.parts import parts
from gateway.signing_in import sign_in_with_code
from gateway.ui import local_path
from services.contracts.identity import EndSession
from services.kernel.ids import new_id

blueprint = Blueprint("h5_signing", __name__)
HOME = "/h5/"


@blueprint.get("/h5/sign-in")
def sign_in() -> Response:
    """To WeChat, and from there back to `/h5/oauth`."""
    account = parts().accounts.get(request.args.get("app_id", "")[:40])
    target = local_path(request.args.get("next", HOME))
    back = f"{parts().settings.public_url}/h5/oauth?" + urlencode(
        {"app_id": account.app_id, "next": target}
    )
    asked = {
        "appid": account.app_id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": parts().signer.new_state(auth.browser_id(), account.app_id, target),
    }
    address = (
        f"{account.oauth_base_url}/connect/oauth2/authorize?{urlencode(asked, quote_via=quote)}"
    )
    return moved(f"{address}#wechat_redirect")


@blueprint.get("/h5/oauth")
def oauth() -> Response:
    """Back from WeChat with a code; only the browser that was sent there may use it."""
    app_id, target = request.args.get("app_id", ""), request.args.get("next", HOME)
    browser = request.cookies.get(auth.BROWSER_COOKIE, "")
    state = request.args.get("state", "")
    if not browser or not parts().signer.state_holds(state, browser, app_id, target):
        raise OAuthStateRefused()
    session, who = sign_in_with_code(app_id, request.args.get("code", ""))
    response = see_other(local_path(target))
    parts().cookies.keep_session(response, session.session_token)
    parts().cookies.keep_openid(response, session.session_token, who.app_id, who.openid)
    return response


@blueprint.post("/h5/sign-out")
def sign_out() -> Response:
    """End the session here and at identity."""
    end_session()
    response = see_other(HOME)
    parts().cookies.forget(response)
    return response


def end_session() -> None:
    """The present session is over for every copy of the gateway."""
    token = auth.session_token()
    if token:
        command = EndSession(request_id=new_id(), session_token=token)
        parts().backends.identity.end_session(command)
        parts().sessions.forget(token)


@blueprint.get("/h5/not-certified")
def not_certified() -> str:
    """What to do about it."""
    who = guard.me()
    return draw("h5/not_certified.html", me=who, household=guard.household(who))
