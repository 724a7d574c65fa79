"""What a person reads who writes to the service account."""

from urllib.parse import urlencode

SOUGHT_MAX = 60


def reply_to(text: str, public_url: str) -> str:
    """A greeting, and the page where what was written is looked for.

    Passive replies show links as `<a href>`; the text of the person is not repeated inside markup.
    """
    base = public_url.rstrip("/")
    sought = " ".join(text.split())[:SOUGHT_MAX]
    if not sought:
        return f'您好！<a href="{base}/h5/">看看小区里的店铺</a>'
    link = f"{base}/h5/stores?{urlencode({'text': sought})}"
    return f'您好！<a href="{link}">点这里看小区里的搜索结果</a>\n需要人工帮助，请打物业服务电话。'
