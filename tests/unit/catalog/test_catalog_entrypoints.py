"""Who may call what: the whole list, so that a change of it is seen."""

from services.catalog.service import CatalogService
from services.kernel.entrypoints import Rpc

ALLOWED = {
    "put_item": "shelf.edit",
    "set_stock": "shelf.edit",
    "item": "public",
    "items": "public",
    "skus": "public",
    "counts": "overview.view",
    "reserve": ("orders",),
    "release_reservation": ("orders",),
    "commit_reservation": ("orders",),
    "swap_reservation": ("orders",),
    "return_pieces": ("orders",),
}


def test_each_method_lets_in_exactly_whom_it_should() -> None:
    found = {}
    for name, method in vars(CatalogService).items():
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Rpc):
                public = "public" if entrypoint.public else None
                found[name] = entrypoint.callers or entrypoint.permission or public
    assert found == ALLOWED
