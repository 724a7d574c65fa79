"""What browsers are told not to do with our pages."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from gateway.settings import Settings

HSTS = "max-age=31536000; includeSubDomains"
PERSONAL = "no-store"


def content_security_policy(settings: Settings) -> str:
    """Only our own files; with the sandbox also its script, and its pay sheet in a frame."""
    script = urlsplit(settings.wechat_script_url)
    bridge = f" {script.scheme}://{script.netloc}" if script.netloc else ""
    rules = {
        "default-src": "'none'",
        "script-src": f"'self'{bridge}",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    if bridge:
        rules["frame-src"] = bridge.strip()
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def register(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer."""
    fixed = {
        "Content-Security-Policy": content_security_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    }
    if settings.public_url.startswith("https://"):
        fixed["Strict-Transport-Security"] = HSTS

    def add(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", PERSONAL)
        elif request.args.get("v"):
            # The address carries the content's hash: another content has another address.
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    app.after_request(add)
