"""An amount in the capitals that a Chinese receipt carries beside the figures.

Source: 中国人民银行《支付结算办法》附件一「正确填写票据和结算凭证的基本规定」, sections 1 to 3.
"""

from services.kernel.money import exact

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")


def capitals(amount_fen: int) -> str:
    """`140950` as 壹仟肆佰零玖元伍角整; what is owed begins with 负."""
    yuan, cents = divmod(abs(exact(amount_fen)), 100)
    jiao, fen = divmod(cents, 10)
    words = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        # A yuan that ends in zero is parted from the jiao, so that nobody can write between them.
        words += ("零" if yuan and yuan % 10 == 0 else "") + f"{DIGITS[jiao]}角"
    elif fen and yuan:
        words += "零"
    words += f"{DIGITS[fen]}分" if fen else "整"
    return ("负" if amount_fen < 0 else "") + (words if amount_fen else "零元整")


def _whole(number: int) -> str:
    words, group = "", 0
    gap = False
    while number:
        number, four = divmod(number, 10_000)
        if four:
            words = _four(four) + GROUPS[group] + ("零" if gap and words else "") + words
        gap = four < 1000
        group += 1
    return words


def _four(number: int) -> str:
    words, gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if gap and words else "") + DIGITS[digit] + PLACES[place]
        gap = digit == 0
    return words
