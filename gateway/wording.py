"""What words are made of: a mark for the catalogue, a state's look, what is said of an error."""

from dataclasses import dataclass


def N_(text: str) -> str:
    """Mark a text that is translated later."""
    return text


@dataclass(frozen=True)
class Look:
    """A state's word, its tone (a colour class) and its sign (an icon), and whose move it is."""

    word: str
    tone: str
    sign: str
    resident: str = ""
    merchant: str = ""


WAIT = N_("稍等一会儿再试；同一个操作重复做是安全的，不会做两次。")
LOOK = N_("回到上一页看看最新的情况。")
PROPERTY = N_("有疑问请联系物业。")
UNCHANGED = N_("什么都没有改变。")
MONEY_SAFE = N_("您的钱和订单都安全。")


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What happened, what is safe, what to do."""

    title: str
    happened: str
    todo: str = LOOK
    safe: str = UNCHANGED
