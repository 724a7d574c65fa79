"""UnionPay's own worked example, the chain of certificates, and what is believed of a notice.

The example is the back notice in UnionPay's official demo for .NET (acpsdk 5.1.0, upacp_demo_app,
demo/api_05_app/BackRcvResponse.aspx.cs): a payment in its test environment, signed there. Its
certificate hangs on a test root and is of the test environment's name, so that a merchant in
production has to refuse it.
"""

import base64
import io
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509

from deploy.sandbox import channel_keys, unionpay_signing
from deploy.sandbox.bill_faults import Entry
from deploy.sandbox.keys import make_keys
from deploy.sandbox.unionpay_file import line as file_line
from services.contracts.settlement import NoticeRefused, RefundState
from services.kernel.errors import InvariantBroken
from services.settlement.channels import unionpay_file, unionpay_words
from services.settlement.channels.unionpay_notice import NoticeReader
from services.settlement.channels.unionpay_trust import OWNER, NotTrusted, Trust, owner_of
from services.settlement.channels.unionpay_wire import UnionPayWire, fields_of, fits
from services.settlement.domain.channel import BillLine, Trade, TradeState

CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIEOjCCAyKgAwIBAgIFEAJkAUkwDQYJKoZIhvcNAQEFBQAwWDELMAkGA1UEBhMC
Q04xMDAuBgNVBAoTJ0NoaW5hIEZpbmFuY2lhbCBDZXJ0aWZpY2F0aW9uIEF1dGhv
cml0eTEXMBUGA1UEAxMOQ0ZDQSBURVNUIE9DQTEwHhcNMTUxMjA0MDMyNTIxWhcN
MTcxMjA0MDMyNTIxWjB5MQswCQYDVQQGEwJjbjEXMBUGA1UEChMOQ0ZDQSBURVNU
IE9DQTExEjAQBgNVBAsTCUNGQ0EgVEVTVDEUMBIGA1UECxMLRW50ZXJwcmlzZXMx
JzAlBgNVBAMUHjA0MUBaMTJAMDAwNDAwMDA6U0lHTkAwMDAwMDA2MjCCASIwDQYJ
KoZIhvcNAQEBBQADggEPADCCAQoCggEBAMUDYYCLYvv3c911zhRDrSWCedAYDJQe
fJUjZKI2avFtB2/bbSmKQd0NVvh+zXtehCYLxKOltO6DDTRHwH9xfhRY3CBMmcOv
d2xQQvMJcV9XwoqtCKqhzguoDxJfYeGuit7DpuRsDGI0+yKgc1RY28v1VtuXG845
fTP7PRtJrareQYlQXghMgHFAZ/vRdqlLpVoNma5C56cJk5bfr2ngDlXbUqPXLi1j
iXAFb/y4b8eGEIl1LmKp3aPMDPK7eshc7fLONEp1oQ5Jd1nE/GZj+lC345aNWmLs
l/09uAvo4Lu+pQsmGyfLbUGR51KbmHajF4Mrr6uSqiU21Ctr1uQGkccCAwEAAaOB
6TCB5jAfBgNVHSMEGDAWgBTPcJ1h6518Lrj3ywJA9wmd/jN0gDBIBgNVHSAEQTA/
MD0GCGCBHIbvKgEBMDEwLwYIKwYBBQUHAgEWI2h0dHA6Ly93d3cuY2ZjYS5jb20u
Y24vdXMvdXMtMTQuaHRtMDgGA1UdHwQxMC8wLaAroCmGJ2h0dHA6Ly91Y3JsLmNm
Y2EuY29tLmNuL1JTQS9jcmw0NDkxLmNybDALBgNVHQ8EBAMCA+gwHQYDVR0OBBYE
FAFmIOdt15XLqqz13uPbGQwtj4PAMBMGA1UdJQQMMAoGCCsGAQUFBwMCMA0GCSqG
SIb3DQEBBQUAA4IBAQB8YuMQWDH/Ze+e+2pr/914cBt94FQpYqZOmrBIQ8kq7vVm
TTy94q9UL0pMMHDuFJV6Wxng4Me/cfVvWmjgLg/t7bdz0n6UNj4StJP17pkg68WG
zMlcjuI7/baxtDrD+O8dKpHoHezqhx7dfh1QWq8jnqd3DFzfkhEpuIt6QEaUqoWn
t5FxSUiykTfjnaNEEGcn3/n2LpwrQ+upes12/B778MQETOsVv4WX8oE1Qsv1XLRW
i0DQetTU2RXTrynv+l4kMy0h9b/Hdlbuh2s0QZqlUMXx2biy0GvpF2pR8f+OaLuT
AtaKdU4T2+jO44+vWNNN2VoAaw0xY6IZ3/A1GL0x
-----END CERTIFICATE-----""".replace("\n", "\r\n")
SHA1_CHAIN = (
    """-----BEGIN CERTIFICATE-----
MIIB9jCCAV+gAwIBAgIUeFriDsxWExMGhc4+vgeKz6p28RcwDQYJKoZIhvcNAQEF
BQAwDDEKMAgGA1UEAwwBVDAgFw0yNjExMjIxNzIyNDhaGA8yMTI2MTAyOTE3MjI0
OFowDDEKMAgGA1UEAwwBVDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA5YHL
rI2o5mAPNn8hMbosyxDxg0pdpb6ZbDxXx7TCvMBhcSiT/o2pTeJkomJdUHfKU9fb
IjW6roeznLiCOxzN/dNwi87WdhbcJDEUBaoW/7J0QhlRxYAuer1hT5735lmtDqzr
lujDBzjmmr1JVBbs/jy8tmoYVaGZpUu+/o3sH4ECAwEAAaNTMFEwHQYDVR0OBBYE
FJg7Qhqs6KEa4vA9SNUIP6IQlNWgMB8GA1UdIwQYMBaAFJg7Qhqs6KEa4vA9SNUI
P6IQlNWgMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEFBQADgYEARrZONmo2
x67cy44XHUmoV7WadjzNrELM3iAQZzdArQaWhWvRBllXpVvAVN+E+gKRnuK/TX7g
TB8H1C2tY0x/iEWKdyY8ab/CX5v+sCwZVCxMLmpAnuU5eOmGft1ojsfNVUVDEA7b
Xv8qbwyyePn2eDU8WPtZ+wIOS2P2veXW6uA=
-----END CERTIFICATE-----""",
    """-----BEGIN CERTIFICATE-----
MIIBiDCB8gIBAjANBgkqhkiG9w0BAQUFADAMMQowCAYDVQQDDAFUMCAXDTI2MTEy
MjE3MjI0OFoYDzIxMjYxMDI5MTcyMjQ4WjAMMQowCAYDVQQDDAFNMIGfMA0GCSqG
SIb3DQEBAQUAA4GNADCBiQKBgQD4zPjas8N7cd9CLPDIDbWB57uZlwnznNZXYkQt
pyk9mQtkP5CqG80g/prkex9aJ02DEXTWt/RgIsYU+EoTIPsr3MrWzMkv0gNKOATE
Z1X1GZjDpi5tsFy8g3fyAcwjrgVe3YfdAn0p1uPjNify/DEvcmDrDMtr3gfJbyau
AgA8bQIDAQABMA0GCSqGSIb3DQEBBQUAA4GBANyH9dujM+IoAjKQT1a9xj3PvYZ8
Z7I+DeLnxeS0N9oT6iAmWsndSxE3xJNvQ8Bsq9KOIvI12Oe71DlwVAb4HymCZ6iS
7IuStkeMs+yA2nkQxcM9tfipO198mB1iBukfsHP3X6f9vL2CsGAe6r2KgM9TVQQG
phXJHnQUWtZEaP/O
-----END CERTIFICATE-----""",
    """-----BEGIN CERTIFICATE-----
MIIBrjCCARcCAQMwDQYJKoZIhvcNAQEFBQAwDDEKMAgGA1UEAwwBTTAgFw0yNjEx
MjIxNzIyNDlaGA8yMTI2MTAyOTE3MjI0OVowMTEvMC0GA1UEAwwmMDQxQDFA5Lit
5Zu96ZO26IGU6IKh5Lu95pyJ6ZmQ5YWs5Y+4QDEwgZ8wDQYJKoZIhvcNAQEBBQAD
gY0AMIGJAoGBAJxhdD8PCd66btKjZ3PGb9+U6jtRXoOecU2iFIUmdgBYUmCJVL+K
3eU6IScZaY6zNwspuGgsy/6oUqx5OWPa1I/Xl+s6wiL+TjirMjUex59L1RWUG9+A
mtrIu2od4b9+de/eYUHK7kxmoPtwKJf5am9/FSFmjf7CbTY/vhB86xrHAgMBAAEw
DQYJKoZIhvcNAQEFBQADgYEAlO/RH9o1otv3TvwyUNapihnIsCHH0ZsWB1WVteHr
vBi0xo2h7RM8xHKYRHwkFPWuwSswbIlP2ioifwAf+CJyM/gK9uUM+tOdGxi0hn8/
KL3MQaKjwWH2zVjQhm0ukFwoL7fFXaIu6+jxdRIrsN/N9utfIDHFqb0vkpzyPuuN
GXQ=
-----END CERTIFICATE-----""",
)
"""Root, middle and UnionPay's own, made with `openssl` and SHA-1; the keys are thrown away."""
EXAMPLE = (
    "accNo=6226********0048&accessType=0&bizType=000201&currencyCode=156&encoding=UTF-8"
    "&merId=777290058110048&orderId=20170324101151&queryId=201703241011516777928&respCode=00"
    "&respMsg=成功[0000000]&settleAmt=1&settleCurrencyCode=156&settleDate=0324&signMethod=01"
    f"&signPubKeyCert={CERTIFICATE}&traceNo=677792&traceTime=0324101151&txnAmt=1&txnSubType=01"
    "&txnTime=20170324101151&txnType=01&version=5.1.0&signature="
    "jxSjw7B5FUguBjJ3MUBnviTSVqbVuIEi9aq42oS6riI7FBjJDZvRwcs7WXZbkxoeUIKUIhH83/wUuBlSmfP11yu8UWySL5HB"
    "Ymx4oiSF1U0R3miqGziKD/4HLZQni9N+smrO0t6t5K2vbqrNzDEl9vfQbAng5ogg41j07fAQzn5AhotgJrttUY8WN2zkggfa"
    "uB8Xml163NEsNy4qj+Q5lOQhWMwHpb+DaSG565PNQ5BeccTWYe19jXxZ+wYbORux5RZysrvvEt7Y08JAdEkE6mMpplQv1HA9"
    "1kMLqa8cGZ5kDdVtGPSpVC22WOmiHyiiFnsL01e1/EEv2+SfNn3fVg=="
)
NOW = datetime.now(UTC)
PAID = {
    "merId": "777290058110048",
    "orderId": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "queryId": "202603011200001234567",
    "respCode": "00",
    "txnAmt": "1500",
    "currencyCode": "156",
    "txnTime": unionpay_words.stamp(NOW - timedelta(minutes=1)),
    "traceTime": unionpay_words.stamp(NOW)[4:],
    "txnType": "01",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    make_keys(directory)
    return directory


@pytest.fixture(scope="module")
def trust(folder: Path) -> Trust:
    return Trust(
        (folder / "keys" / channel_keys.UNIONPAY_ROOT).read_text(),
        (folder / "keys" / channel_keys.UNIONPAY_MIDDLE).read_text(),
    )


@pytest.fixture(scope="module")
def reader(folder: Path, trust: Trust) -> NoticeReader:
    wire = UnionPayWire(
        mer_id=PAID["merId"],
        sign_key=(folder / "keys" / channel_keys.UNIONPAY_SIGN_KEY).read_text(),
        sign_cert=(folder / "keys" / channel_keys.UNIONPAY_SIGN_CERT).read_text(),
        trust=trust,
        timeout_s=1,
    )
    return NoticeReader(wire, PAID["merId"])


@pytest.fixture(scope="module")
def signed(folder: Path) -> Callable[[dict[str, str]], str]:
    """A body as the sandbox's UnionPay signs it."""
    keys = channel_keys.load(folder).unionpay

    def body(told: dict[str, str]) -> str:
        return urlencode(unionpay_signing.signed(told, keys.certificate_pem, keys.key))

    return body


def test_unionpays_own_example_fits_its_certificate() -> None:
    told = fields_of(EXAMPLE)
    key = x509.load_pem_x509_certificate(told["signPubKeyCert"].encode()).public_key()
    assert fits(told, key)  # type: ignore[arg-type]
    assert not fits(told | {"txnAmt": "2"}, key)  # type: ignore[arg-type]
    assert not fits(told | {"more": "1"}, key)  # type: ignore[arg-type]
    trade = unionpay_words.trade_of(told, told["respCode"])
    assert (trade.state, trade.amount_fen, trade.currency) == (TradeState.PAID, 1, "CNY")
    assert trade.paid_at == datetime(2017, 3, 24, 2, 11, 51, tzinfo=UTC)


def test_the_example_is_refused_where_another_chain_is_trusted(trust: Trust) -> None:
    with pytest.raises(NotTrusted, match="chain"):
        trust.key_of(CERTIFICATE, datetime(2017, 3, 24, tzinfo=UTC))


def test_a_certificates_owner_is_the_third_part_of_its_name(folder: Path) -> None:
    """acpsdk's rule: the test environment's `00040000:SIGN` is not UnionPay's name."""
    example = x509.load_pem_x509_certificate(CERTIFICATE.encode())
    ours = x509.load_pem_x509_certificate((folder / "keys/unionpay_cert.pem").read_bytes())
    assert owner_of(example) == "00040000:SIGN"
    assert owner_of(ours) == OWNER


def test_certificates_are_believed_within_their_dates_only(folder: Path, trust: Trust) -> None:
    pem = (folder / "keys" / channel_keys.UNIONPAY_CERT).read_text()
    assert trust.key_of(pem, NOW)
    for moment in (NOW - timedelta(days=2), NOW + channel_keys.VALID + timedelta(days=1)):
        with pytest.raises(NotTrusted, match="date"):
            trust.key_of(pem, moment)


@pytest.mark.parametrize("name", ["UNIONPAY_SIGN_CERT", "UNIONPAY_MIDDLE", "UNIONPAY_ROOT"])
def test_no_other_certificate_of_the_chain_is_unionpays(
    folder: Path, trust: Trust, name: str
) -> None:
    with pytest.raises(NotTrusted):
        trust.key_of((folder / "keys" / getattr(channel_keys, name)).read_text(), NOW)


def test_a_chain_signed_with_sha1_is_believed_as_unionpays_authority_still_does_so() -> None:
    root, middle, own = SHA1_CHAIN
    at = datetime(2027, 1, 1, tzinfo=UTC)
    assert Trust(root, middle).key_of(own, at)
    with pytest.raises(NotTrusted, match="date"):
        Trust(root, middle).key_of(own, datetime(2026, 1, 1, tzinfo=UTC))


def test_a_middle_certificate_of_another_root_is_a_wrong_setting(
    folder: Path, tmp_path: Path
) -> None:
    make_keys(tmp_path)
    root = (tmp_path / "keys" / channel_keys.UNIONPAY_ROOT).read_text()
    with pytest.raises(NotTrusted):
        Trust(root, (folder / "keys" / channel_keys.UNIONPAY_MIDDLE).read_text())


def test_a_genuine_payment_is_read(
    reader: NoticeReader, signed: Callable[[dict[str, str]], str]
) -> None:
    notice = reader.read(signed(PAID), NOW)
    assert isinstance(notice.about, Trade)
    assert (notice.about.state, notice.about.amount_fen) == (TradeState.PAID, 1500)
    assert notice.notice_id == "202603011200001234567-01"


@pytest.mark.parametrize(
    "change",
    [
        {"merId": "777290058110049"},
        {"txnTime": "20170324101151"},
        {"txnTime": "yesterday"},
        {"txnType": "02"},
        {"respCode": "01"},
        {"orderId": "1"},
        {"queryId": "one"},
        {"txnAmt": "much"},
        {"traceTime": "99"},
    ],
)
def test_a_signed_notice_of_another_form_is_refused(
    reader: NoticeReader, signed: Callable[[dict[str, str]], str], change: dict[str, str]
) -> None:
    with pytest.raises(NoticeRefused):
        reader.read(signed(PAID | change), NOW)


def test_an_answers_braces_hold_fields_of_their_own() -> None:
    told = fields_of("a=1&b={c=2&d={e=3&f=4}}&g=x==&h=")
    assert told == {"a": "1", "b": "{c=2&d={e=3&f=4}}", "g": "x==", "h": ""}


def test_a_payment_of_new_years_eve_may_be_done_in_the_new_year() -> None:
    told = {"txnTime": "20261231235950", "traceTime": "0101000010"}
    assert unionpay_words.done_at(told) == datetime(2026, 12, 31, 16, 0, 10, tzinfo=UTC)


def packed(*rows: bytes) -> dict[str, str]:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as folder:
        folder.writestr("INN26030188ZM_777290058110048", b"\r\n".join(rows))
        folder.writestr("INN26030188ZME_777290058110048", b"errors")
    return {"fileContent": base64.b64encode(zlib.compress(data.getvalue())).decode()}


def entry(at: datetime, refund: str = "") -> Entry:
    fee_fen = -4 if refund else 8
    return Entry(at.timestamp(), "01ORDER", "202603011200001234567", 1500, fee_fen, refund)


def test_a_file_is_read_by_its_columns_and_cut_to_the_day() -> None:
    noon = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    lines = [entry(noon), entry(noon, "01REFUND"), entry(noon - timedelta(hours=12, seconds=1))]
    rows = [file_line(one, "777290058110048") for one in lines]
    assert {len(row) for row in rows} == {sum(unionpay_file.LENGTHS) + 41 + 98}
    assert list(unionpay_file.lines(packed(*rows), date(2026, 3, 1))) == [
        BillLine("01ORDER", 1500, fee_fen=8, transaction_id="202603011200001234567"),
        BillLine(
            "01ORDER",
            1500,
            out_refund_no="01REFUND",
            refund_state=RefundState.DONE,
            fee_fen=-4,
        ),
    ]


@pytest.mark.parametrize(
    "told", [{}, {"fileContent": "junk"}, {"fileContent": "anVuaw=="}, packed(b"too short")]
)
def test_what_is_not_a_file_of_unionpay_is_reported(told: dict[str, str]) -> None:
    with pytest.raises(InvariantBroken):
        list(unionpay_file.lines(told, date(2026, 3, 1)))
