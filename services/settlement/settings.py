"""What settlement can be told from outside."""

from pydantic import Field, model_validator

from services.kernel.config import ServiceSettings

NEEDED_WITH = {
    "alipay_app_id": (
        *("alipay_app_key", "alipay_public_key", "alipay_seller_id"),
        "alipay_notify_url",
    ),
    "unionpay_mer_id": (
        *("unionpay_sign_key", "unionpay_sign_cert", "unionpay_root_cert"),
        *("unionpay_middle_cert", "unionpay_notify_url"),
    ),
}
"""What a channel that is open cannot do without."""


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
    wechatpay_merchant_name: str = Field(
        default="",
        max_length=200,
        description="The merchant number's full name: needed to receive commission by sharing.",
    )
    wechatpay_transfer_scene: str = Field(
        default="1009",
        min_length=1,
        max_length=16,
        description="The scene under which WeChat Pay allows transfers to people.",
    )
    wechatpay_transfer_report: str = Field(
        default="采购商品名称=小区店铺货款",
        max_length=400,
        description="What that scene has to report: `kind=content`, several parted by `;`.",
    )
    profit_share_after_s: float = Field(
        default=60.0,
        ge=0,
        le=86_400,
        description="A payment's shares are asked for no sooner; WeChat Pay allows 30 and more.",
    )
    alipay_app_id: str = Field(
        default="", max_length=32, description="The app at Alipay; without it Alipay is not open."
    )
    alipay_base_url: str = Field(
        default="https://openapi.alipay.com/gateway.do", description="Where Alipay's gateway is."
    )
    alipay_page_url: str = Field(
        default="",
        description="Where a payer's browser finds Alipay's gateway, when that is elsewhere.",
    )
    alipay_app_key: str = Field(default="", description="PEM of the app's private key.")
    alipay_public_key: str = Field(default="", description="PEM of Alipay's public key.")
    alipay_seller_id: str = Field(
        default="", max_length=32, description="The seller at Alipay, `2088…`."
    )
    alipay_notify_url: str = Field(default="", description="Where Alipay sends its notices.")
    alipay_timeout_s: float = Field(
        default=4.0, gt=0, le=30, description="Longest wait for one answer of Alipay."
    )
    unionpay_mer_id: str = Field(
        default="",
        max_length=32,
        description="The merchant number at UnionPay; without it UnionPay is not open.",
    )
    unionpay_base_url: str = Field(
        default="https://gateway.95516.com", description="Where UnionPay's gateway is."
    )
    unionpay_page_url: str = Field(
        default="",
        description="Where a payer's browser finds UnionPay's gateway, when that is elsewhere.",
    )
    unionpay_file_url: str = Field(
        default="https://filedownload.95516.com/", description="Where UnionPay's files are."
    )
    unionpay_sign_key: str = Field(default="", description="PEM of the merchant's private key.")
    unionpay_sign_cert: str = Field(default="", description="PEM of the merchant's certificate.")
    unionpay_root_cert: str = Field(
        default="", description="PEM of the root certificate above UnionPay's own."
    )
    unionpay_middle_cert: str = Field(
        default="", description="PEM of the certificate between UnionPay's root and its own."
    )
    unionpay_notify_url: str = Field(default="", description="Where UnionPay sends its notices.")
    unionpay_timeout_s: float = Field(
        default=4.0, gt=0, le=30, description="Longest wait for one answer of UnionPay."
    )
    dispute_window_h: int = Field(
        default=72, ge=0, le=720, description="Hours until what was settled may be withdrawn."
    )
    fee_system: str = Field(
        default="files",
        pattern="^(http|files)$",
        description="Where property fee bills come from: a fee system's HTTP API, or files.",
    )
    fee_system_url: str = Field(default="", description="Where the fee system's HTTP API is.")
    fee_system_client: str = Field(
        default="linli", max_length=40, description="Our name at the fee system."
    )
    fee_system_key: str = Field(
        default="", description="The key with which we and the fee system sign, shared by both."
    )
    fee_system_timeout_s: float = Field(
        default=4.0, gt=0, le=30, description="Longest wait for one answer of the fee system."
    )
    fee_pay_within_s: int = Field(
        default=900, ge=60, le=86_400, description="A payment for fee bills is open so long."
    )
    property_name: str = Field(
        default="物业", max_length=60, description="Who receives the fees, as receipts print it."
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

    # withdrawals

    withdraw_min_fen: int = Field(
        default=100, ge=30, le=10**9, description="The least that may be withdrawn at once."
    )
    withdraw_max_fen: int = Field(
        default=2_000_000, ge=30, le=10**10, description="The most that may be withdrawn at once."
    )
    withdraw_day_max_fen: int = Field(
        default=5_000_000,
        ge=30,
        le=10**11,
        description="The most that may be withdrawn from one fund in a Beijing day.",
    )
    withdraw_approve_from_fen: int = Field(
        default=50_000,
        ge=1,
        le=10**10,
        description="From this amount on a withdrawal waits for a second person's approval.",
    )
    payout_cooling_hours: int = Field(
        default=24,
        ge=0,
        le=720,
        description="Changed bank data cannot be used for so many hours.",
    )
    payout_refusal_max: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Refusals of a transfer before the money goes back to the fund.",
    )

    # reconciliation

    reconcile_from_hour: int = Field(
        default=10,
        ge=0,
        le=23,
        description="Beijing hour from which the bills of the day before are fetched.",
    )
    bill_retention_days: int = Field(
        default=800, ge=35, le=3650, description="Lines of the channels' bills are kept so long."
    )
    wechatpay_fee_bp: int = Field(
        default=60, ge=0, le=1000, description="WeChat Pay's fee in hundredths of a percent."
    )
    alipay_fee_bp: int = Field(
        default=60, ge=0, le=1000, description="Alipay's fee in hundredths of a percent."
    )
    unionpay_fee_bp: int = Field(
        default=50, ge=0, le=1000, description="UnionPay's fee in hundredths of a percent."
    )

    @model_validator(mode="after")
    def _open_channels_are_complete(self) -> "Settings":
        for given, needed in NEEDED_WITH.items():
            missing = [name for name in needed if not getattr(self, name)]
            if getattr(self, given) and missing:
                raise ValueError(f"with {given} there must be {', '.join(missing)}")
        return self
