"""marketing's own settings."""

import json

from pydantic import Field, field_validator

from services.kernel.config import ServiceSettings


class Settings(ServiceSettings):
    """What marketing needs beyond what every service needs.

    The `wechat_…` fields are read by `python -m services.marketing.bootstrap` only: what it puts
    into the database, sealed, is what the service uses.
    """

    data_keys: str = Field(
        min_length=1, description="`id:base64,…`; the first key seals secrets, all open."
    )
    wechat_app_id: str = Field(default="", max_length=40, description="The service account.")
    wechat_app_secret: str = Field(default="", description="Its AppSecret.")
    wechat_token: str = Field(default="", description="Token of its message push.")
    wechat_aes_key: str = Field(default="", description="EncodingAESKey of its message push.")
    wechat_name: str = Field(default="邻里", max_length=60, description="What it is called.")
    wechat_api_base_url: str = Field(
        default="https://api.weixin.qq.com", description="Where WeChat's API is."
    )
    wechat_oauth_base_url: str = Field(
        default="https://open.weixin.qq.com", description="Where WeChat's sign-in page is."
    )
    wechat_template_ids: str = Field(
        default="{}", description="JSON: notice kind → template id of the account."
    )
    wechat_timeout_s: float = Field(
        default=5.0, ge=0.1, le=30, description="A call to WeChat may take so long."
    )
    token_margin_s: int = Field(
        default=300,
        ge=10,
        le=3600,
        description="An access token is renewed so long before its end.",
    )
    notice_batch: int = Field(
        default=50, ge=1, le=100, description="Notices taken at once; identity answers for 100."
    )
    notice_rounds: int = Field(
        default=10, ge=1, le=1000, description="Batches in one run of the sender."
    )
    notice_parallel: int = Field(
        default=8, ge=1, le=50, description="Messages sent to WeChat side by side."
    )
    notice_claim_s: int = Field(
        default=180,
        ge=30,
        le=3600,
        description="Whoever has taken a notice is given up for dead after so long.",
    )
    notice_tries_max: int = Field(
        default=60,
        ge=1,
        le=1000,
        description="Tries before a notice has failed; 60 last about nine hours.",
    )
    kept_days: int = Field(
        default=90, ge=1, le=3650, description="Notices and webhook events are kept so long."
    )

    @field_validator("wechat_template_ids")
    @classmethod
    def _is_a_json_object(cls, value: str) -> str:
        if not isinstance(json.loads(value), dict):
            raise ValueError("not a JSON object")
        return value
