"""What a resident, a shop and the property do about one order in the drills, insisting."""

from typing import Any

from deploy.demo.clients import Person
from deploy.demo.connection import demo_id
from tests.support.servers import wait_until
from tests.system.life import Life


class Deal:
    """One resident's orders at one shop, and what the two and the property do about them."""

    def __init__(self, life: Life, number: int = 0) -> None:
        self.life, self.number = life, number
        self.resident: Person = life.resident(number)
        self.keeper: Person = life.person(life.shop.keeper.key)

    def paid(self, quantity: int = 3) -> str:
        """An order that waits for the store; its id."""
        placed = self.life.order(self.resident, self.number, quantity=quantity)
        order_id = str(placed["orders"][0]["order_id"])
        self.life.pay(self.resident, placed["payment_id"])
        self.life.reaches(self.resident, order_id, "awaiting_confirmation")
        return order_id

    def delivered(self, quantity: int = 3) -> str:
        """An order at the door; its id."""
        order_id = self.paid(quantity)
        self.brought(order_id)
        return order_id

    def brought(self, order_id: str) -> None:
        """Confirmed, packed, and by the shop's courier to the door."""
        for step in ("confirm", "ready"):
            self.life.post(self.keeper, f"/orders/{order_id}/{step}")
        self.life.post(self.keeper, f"/orders/{order_id}/dispatch", self.courier())
        self.life.bring(self.life.person(self.life.shop.couriers[0].key), order_id)
        self.life.reaches(self.resident, order_id, "delivered")

    def courier(self) -> dict[str, str]:
        """The shop's own."""
        return {"courier_id": demo_id("courier", self.life.shop.couriers[0].key)}

    def amended(self, order_id: str, quantity: int, *, extra_fen: int = 0) -> dict[str, Any]:
        """The store proposes, the resident agrees; the amendment."""
        line = self.life.get(self.keeper, f"/orders/{order_id}")["lines"][0]
        changed = {
            "sku_id": line["sku_id"],
            "quantity": quantity,
            "price_fen": line["price_fen"] + extra_fen,
        }
        body = {"lines": [changed], "note": "换一种装法"}
        proposed = self.life.post(self.keeper, f"/orders/{order_id}/amendments", body)
        path = f"/orders/{order_id}/amendments/{proposed['amendment_id']}/answer"
        self.life.post(self.resident, path, {"accept": True})
        return self.amendment(order_id)

    def amendment(self, order_id: str) -> dict[str, Any]:
        """The newest of the order."""
        path = f"/orders/{order_id}/amendments"
        newest: dict[str, Any] = self.life.get(self.resident, path)["amendments"][0]
        return newest

    def amendment_is(self, order_id: str, *states: str) -> dict[str, Any]:
        """The newest amendment, once it is in one of these states."""

        def look() -> dict[str, Any] | None:
            seen = self.amendment(order_id)
            return seen if seen["state"] in states else None

        seen: dict[str, Any] = wait_until(look, 90, f"the amendment is {states}")
        return seen

    def case(self, order_id: str, **wish: Any) -> str:
        """The path of a case that the resident opens."""
        body = {"reason": "东西不对", **wish}
        case = self.life.post(self.resident, f"/orders/{order_id}/cases", body)
        return f"/orders/{order_id}/cases/{case['case_id']}"

    def case_is(self, path: str, *states: str) -> Any:
        """The case, once it is in one of these states."""
        case_id = path.rsplit("/", 1)[-1]

        def look() -> Any:
            seen = self.life.get(self.resident, f"/cases/{case_id}")
            return seen if seen["state"] in states else None

        return wait_until(look, 90, f"the case is {states}")

    def dispute(self, order_id: str) -> str:
        """The path of a dispute that the resident opens."""
        body = {"about": "damaged", "text": "坏了"}
        dispute = self.life.post(self.resident, f"/orders/{order_id}/disputes", body)
        return f"/orders/{order_id}/disputes/{dispute['dispute_id']}"

    def dispute_is(self, path: str, *states: str) -> Any:
        """The dispute, once it is in one of these states."""
        dispute_id = path.rsplit("/", 1)[-1]

        def look() -> Any:
            seen = self.life.get(self.resident, f"/disputes/{dispute_id}")
            return seen if seen["state"] in states else None

        return wait_until(look, 90, f"the dispute is {states}")
