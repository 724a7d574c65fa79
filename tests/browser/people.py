"""People of the demo with their phones, desks and walls; each page that they see is looked at."""

import re
from typing import Self

from playwright.sync_api import expect

from deploy.demo import names
from deploy.local.installation import Installation
from tests.browser.seeing import Seen


class Eyes:
    """Somebody before a screen: goes, presses, and looks at each page once."""

    def __init__(self, seen: Seen, installation: Installation, mood: str = "") -> None:
        self.seen, self.page = seen, seen.page
        self.gateway = installation.addresses["gateway"]
        self.sandbox = installation.addresses["sandbox"]
        self._mood = mood

    def goto(self, path: str) -> Self:
        """Open one of the gateway's pages."""
        self.seen.goto(f"{self.gateway}{path}")
        return self

    def press(self, words: str) -> Self:
        """The button with these words; returns when the next page is there."""
        self.page.get_by_role("button", name=words, exact=True).click()
        self.page.wait_for_load_state()
        return self

    def reads(self, words: str, within_ms: int = 15_000) -> Self:
        """These words are to be seen, at once or as soon as the page has heard of it."""
        shown = self.page.get_by_text(words).locator("visible=true")
        expect(shown.first).to_be_visible(timeout=within_ms)
        return self

    def look(self, name: str) -> Self:
        """Take a picture; then width, axe and the console must be clean."""
        self.seen.write(f"live-{name}{self._mood}")
        faults = [*self.seen.faults, *self.too_small(), *self.seen.axe()]
        if over := self.seen.wider_than_screen_px():
            faults.append(f"{over} px wider than the screen")
        assert faults == [], f"{name}: {faults}"
        return self

    def picture(self, name: str) -> Self:
        """What the screen shows before anybody scrolls, for the README."""
        self.seen.write_first_screen(f"readme-{name}")
        return self

    def too_small(self) -> list[str]:
        """Nothing is too small where there is a mouse or five metres of air."""
        return []


class OnPhone(Eyes):
    """Somebody with WeChat."""

    def sign_in(self, name: str) -> Self:
        """Open the pages inside WeChat, and be this person on the sandbox's phone."""
        self.page.goto(f"{self.gateway}/h5/")
        self.page.get_by_role("button", name=re.compile(name)).first.click()
        self.page.wait_for_url(f"{self.gateway}/**")
        return self

    def pay(self) -> Self:
        """The big button, the pay sheet, and back."""
        self.page.get_by_role("button", name="微信付款").click()
        sheet = self.page.frame_locator("#sandbox-pay-sheet")
        sheet.get_by_role("button", name="确认支付").click()
        sheet.get_by_role("button", name="返回商家").click()
        self.page.wait_for_url("**/result")
        return self

    def too_small(self) -> list[str]:
        """What a finger would miss and old eyes would not read."""
        return [*self.seen.small_targets(), *self.seen.small_letters()]


class AtDesk(Eyes):
    """A member of staff."""

    def sign_in(self, installation: Installation, username: str = "jingli") -> Self:
        """With user name and password."""
        self.goto("/console/").look("console-sign-in")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", installation.environment["LINLI_DEMO_STAFF_PASSWORD"])
        self.press("登录")
        return self


class Town:
    """Whom the walk is about, as they call themselves on the sandbox's phone."""

    def __init__(self, home: int) -> None:
        town = names.community()
        self.shop = town.shops[0]
        self.household = town.households[home]
        self.resident = f"{self.household.members[0].name}（"
        self.keeper = f"{self.shop.keeper.name}（"
        self.courier = f"{self.shop.couriers[0].name}（"
        self.guard = f"{next(one.name for one in town.staff if one.role == 'guard')}（"
        self.gate = town.gates[0]


def amount_fen(words: str) -> int:
    """`¥1,234.50` somewhere in the words, in fen."""
    found = re.search(r"¥([\d,]+)\.(\d\d)", words)
    assert found, words
    return int(found[1].replace(",", "")) * 100 + int(found[2])
