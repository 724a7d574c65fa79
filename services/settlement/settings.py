"""What settlement can be told from outside."""

from pydantic import Field

from services.kernel.config import ServiceSettings


class Settings(ServiceSettings):
    """Settlement's settings; the WeChat Pay ones are those of the merchant number."""

    wechatpay_base_url: str = Field(
        default="https://api.mch.weixin.qq.com", description="Where WeChat Pay's API is."
    )
    wechatpay_mchid: str = Field(min_length=1, max_length=32, description="The merchant number.")
    wechatpay_app_id: str = Field(
        min_length=1, max_length=32, description="The service account whose users pay."
    )
    wechatpay_merchant_key: str = Field(description="PEM of the merchant's private key.")
    wechatpay_merchant_serial: str = Field(
        min_length=1, description="Serial number of the merchant's certificate."
    )
    wechatpay_public_key: str = Field(description="PEM of WeChat Pay's public key.")
    wechatpay_public_key_id: str = Field(
        pattern="^PUB_KEY_ID_", description="Id of WeChat Pay's public key."
    )
    wechatpay_apiv3_key: str = Field(
        min_length=32, max_length=32, description="The APIv3 key that opens notices."
    )
    wechatpay_notify_url: str = Field(description="Where WeChat Pay sends its notices.")
    wechatpay_timeout_s: float = Field(
        default=4.0, gt=0, le=30, description="Longest wait for one answer of WeChat Pay."
    )
    refund_try_max: int = Field(
        default=12, ge=1, le=100, description="Tries of a refund before a cashier is told."
    )
    close_after_s: int = Field(
        default=900,
        ge=10,
        le=86_400,
        description="Payments this long past their time are closed without being told to.",
    )
    audit_bill_days: int = Field(
        default=7, ge=1, le=90, description="Days of the channels' bills that an audit fetches."
    )
    notice_retention_days: int = Field(
        default=400, ge=30, le=3650, description="Notices are kept on record so long."
    )
