"""Calls to WeChat for one account, through wechatpy.

wechatpy takes its token call's address from nowhere but itself and retries a stale token without
end, so both are ours: the token comes from SharedToken, a stale one is replaced once.
"""

from typing import Any

import requests
from wechatpy.client import WeChatClient
from wechatpy.exceptions import WeChatClientException

from services.contracts.marketing import OAuthCodeRefused
from services.kernel.errors import InvariantBroken
from services.marketing.accounts import Account
from services.marketing.wechat.errors import CODE_REFUSED, STALE_TOKEN, WechatAway, error_of
from services.marketing.wechat.tokens import SharedToken


class AccountClient(WeChatClient):  # type: ignore[misc]
    """wechatpy's client with the account's base URL and the token that all copies share."""

    def __init__(self, account: Account, token: SharedToken, timeout_s: float) -> None:
        super().__init__(account.app_id, account.app_secret, timeout=timeout_s, auto_retry=False)
        self.API_BASE_URL = f"{account.api_base_url}/cgi-bin/"
        self._shared_token = token

    @property
    def access_token(self) -> str:
        """For wechatpy's own methods."""
        return self._shared_token.current()

    def fetch_access_token(self) -> None:
        """Never wechatpy's own way: the shared token is the only one."""
        self._shared_token.current()

    def send_template(
        self, openid: str, template_id: str, link: str, data: dict[str, Any], client_msg_id: str
    ) -> str:
        """Send a template message; its msgid. WeChat drops a repeat of `client_msg_id` for ten
        minutes (document 「发送模板消息」)."""
        body = {
            "touser": openid,
            "template_id": template_id,
            "url": link,
            "data": data,
            "client_msg_id": client_msg_id,
        }
        return str(self._ask("message/template/send", body).get("msgid", ""))

    def send_text(self, openid: str, text: str) -> str:
        """A customer service message, which WeChat takes for 48 hours after a person's act."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return str(self._ask("message/custom/send", body).get("msgid", ""))

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer; WechatAway when trying later may help, WechatRefused when not."""
        token = self._shared_token.current()
        try:
            return self._post_with(token, path, body)
        except WeChatClientException as error:
            if error.errcode not in STALE_TOKEN:
                raise _translated(error) from error
        try:
            return self._post_with(self._shared_token.replace(token), path, body)
        except WeChatClientException as error:
            raise _translated(error) from error

    def _post_with(self, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self.post(path, data=body, params={"access_token": token})
        except requests.RequestException as error:
            raise WechatAway(f"{path}: {type(error).__name__}") from error
        if not isinstance(answer, dict):
            raise WechatAway(f"{path}: the answer is no JSON object")
        return answer


def _translated(error: WeChatClientException) -> Exception:
    if error.errcode is None:
        status = getattr(error.response, "status_code", "?")
        return WechatAway(f"WeChat answers with HTTP {status}")
    return error_of(error.errcode, str(error.errmsg))


def exchange_code(account: Account, code: str, timeout_s: float) -> str:
    """The openid behind an OAuth code (document 「网页授权」, step 2).

    OAuthCodeRefused when the code is wrong, used or old; WechatAway when WeChat is.
    """
    query = {
        "appid": account.app_id,
        "secret": account.app_secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    url = f"{account.api_base_url}/sns/oauth2/access_token"
    try:
        response = requests.get(url, params=query, timeout=timeout_s)
        response.raise_for_status()
        answer = response.json()
    except (requests.RequestException, ValueError) as error:
        # Neither the address nor the error's own text: both carry the secret.
        raise WechatAway(f"the code was not exchanged: {type(error).__name__}") from None
    if "openid" in answer:
        return str(answer["openid"])
    errcode = int(answer.get("errcode", -1))
    if errcode in CODE_REFUSED:
        raise OAuthCodeRefused()
    refusal = error_of(errcode, str(answer.get("errmsg", "")))
    if isinstance(refusal, WechatAway):
        raise refusal
    raise InvariantBroken(f"WeChat refuses the account {account.app_id}: {refusal.message}")
