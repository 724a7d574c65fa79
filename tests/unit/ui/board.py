"""A small app that draws every page with its sample: the pages without the services behind them."""

from flask import Flask, Response, g, render_template, request

from deploy.demo import pictures
from gateway import ui
from gateway.headers import register as register_headers
from gateway.settings import Settings
from tests.unit.ui import pages, samples, shop_pages

POLICY = Settings(amqp_url="amqp://nobody", secret_key="x" * 32)
FACES = ("张师傅", "刘小军")


def drawing_board() -> Flask:
    """`/p/<name>` draws a page; `/posts` counts what was sent; pictures are the demo's."""
    app = Flask("gateway")
    app.config.update(PROPERTY_PHONE="4000000808", PROPERTY_NAME="翠湖苑物业")
    app.jinja_env.globals["csrf_token"] = lambda: "token"
    app.jinja_env.globals["can"] = lambda permission: True
    register_headers(app, POLICY)
    ui.register(app)
    posts: list[dict[str, str]] = []

    @app.before_request
    def stop_the_clock() -> None:
        g.page_now = samples.NOW

    @app.get("/p/<name>")
    def page(name: str) -> str:
        template, context = pages.ALL[name]
        return render_template(template, **context)

    @app.get("/live/<name>")
    def live_part(name: str) -> str:
        template, context = shop_pages.LIVE[name]
        return render_template(template, **context)

    @app.get("/h5/merchant/desk/pulse")
    def nothing_new() -> Response:
        return Response(status=204)

    @app.get("/files/<path:key>")
    def picture(key: str) -> Response:
        kind, _, number = key.rpartition("/")[2].removesuffix(".webp").partition("-")
        return Response(drawn(kind, int(number)), mimetype="image/webp")

    @app.get("/console/orders/<order_id>")
    def console_order(order_id: str) -> str:
        return page("console-order")

    @app.get("/posts")
    def show_posts() -> list[dict[str, str]]:
        return posts

    @app.post("/<path:anywhere>")
    def take(anywhere: str) -> str:
        posts.append({"path": request.path, **request.form.to_dict()})
        return "ok"

    return app


def drawn(kind: str, number: int) -> bytes:
    """The demo's picture for a sample's key."""
    if kind == "store":
        return pictures.picture_of_store(samples.STORES[number][0], samples.STORES[number][1])
    if kind == "courier":
        return pictures.picture_of_courier(FACES[number])
    return pictures.picture_of_good(samples.GOODS[number][0], "早餐")
