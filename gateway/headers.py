"""What browsers are told not to do with our pages."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from gateway.answers import JSON
from gateway.settings import Settings

HSTS = "max-age=31536000; includeSubDomains"
PERSONAL = "no-store"


def content_security_policy(settings: Settings, posts_to: str = "") -> str:
    """Only our own files; with the sandbox also its script, and its pay sheet in a frame.

    `posts_to`: the origin of a pay channel to which a form of the page leads.
    """
    script = urlsplit(settings.wechat_script_url)
    bridge = f" {script.scheme}://{script.netloc}" if script.netloc else ""
    rules = {
        "default-src": "'none'",
        "script-src": f"'self'{bridge}",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "connect-src": "'self'",
        "form-action": f"'self' {posts_to}".strip(),
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    if bridge:
        rules["frame-src"] = bridge.strip()
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def page_headers(settings: Settings) -> dict[str, str]:
    """What comes with everything that a browser may show."""
    return {
        "Content-Security-Policy": content_security_policy(settings),
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
        **common_headers(settings),
    }


def common_headers(settings: Settings) -> dict[str, str]:
    """What comes with every answer; JSON is read by programs and needs no more."""
    fixed = {"X-Content-Type-Options": "nosniff"}
    if settings.public_url.startswith("https://"):
        fixed["Strict-Transport-Security"] = HSTS
    return fixed


def register(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer."""
    for_pages, for_programs = page_headers(settings), common_headers(settings)

    def add(response: Response) -> Response:
        headers = response.headers
        is_json = headers.get("Content-Type") == JSON
        for name, value in (for_programs if is_json else for_pages).items():
            headers.setdefault(name, value)
        if not request.path.startswith("/static/"):
            headers.setdefault("Cache-Control", PERSONAL)
        elif request.args.get("v"):
            # The address carries the content's hash: another content has another address.
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    app.after_request(add)
