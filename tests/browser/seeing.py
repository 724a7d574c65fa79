"""What is looked at on every page: width, targets, letters, axe, faults; and its picture."""

import os
import time
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TARGET_PX_MIN = 44
LETTERS_PX_MIN = 17
PICTURES_MS_MAX = 3000

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL_TARGETS = """least => {
  const zoom = Number(getComputedStyle(document.body).zoom) || 1;
  const inText = (node) => node.matches("p a, dd a") && getComputedStyle(node).display === "inline";
  const pressed = "a[href], button, select, summary, input:not([type=hidden])";
  return [...document.querySelectorAll(pressed)]
    .filter((node) => node.checkVisibility({ opacityProperty: true }) && !inText(node))
    .map((node) => ({ node, box: (node.closest("label") || node).getBoundingClientRect() }))
    .filter(({ node, box }) => box.width > 2 && !node.matches(".skip"))
    .filter(({ box }) => box.height / zoom < least - 0.5 || box.width / zoom < least - 0.5)
    .map(({ node, box }) => `${node.tagName} ${node.textContent.trim() || node.name} ` +
      `${Math.round(box.width)}x${Math.round(box.height)}`);
}"""
SMALL_LETTERS = """least => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const words = walker.currentNode.data.trim();
    if (!words || !node.checkVisibility() || node.closest("svg, noscript")) continue;
    const size = parseFloat(getComputedStyle(node).fontSize);
    if (size < least) small.add(`${size}px ${words.slice(0, 20)}`);
  }
  return [...small];
}"""
PICTURES_THERE = (
    """() => [...document.images].every((image) => image.complete || !image.checkVisibility())"""
)


class Seen:
    """A page, and what went wrong on it so far."""

    def __init__(self, page: Page, screenshots: Path) -> None:
        self.page = page
        self.faults: list[str] = []
        self._folder = screenshots
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.faults.append(text)

    def goto(self, path: str) -> "Seen":
        """Open an address and wait until its pictures are there."""
        answer = self.page.goto(path, wait_until="load")
        if answer is None or answer.status >= 400:
            raise AssertionError(f"{path} answered {answer.status if answer else 'nothing'}")
        return self

    def turn_dark(self, width: int, height: int) -> None:
        """The same page on a phone of this size, in the evening."""
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size({"width": width, "height": height})

    def write(self, name: str) -> Path:
        """The whole page as a PNG, with what sticks to its lower edge where it ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size or {"width": 360, "height": 740}
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
        self._wait_for_pictures()
        path = self._folder / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        self.page.set_viewport_size(size)
        return path

    def write_first_screen(self, name: str) -> Path:
        """What is seen before anybody scrolls, as a PNG."""
        self._wait_for_pictures()
        path = self._folder / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def _wait_for_pictures(self) -> None:
        end = time.monotonic() + PICTURES_MS_MAX / 1000
        while time.monotonic() < end and not self.page.evaluate(PICTURES_THERE):
            self.page.wait_for_timeout(30)

    def wider_than_screen_px(self) -> int:
        """How far the page scrolls sideways; 0 is right."""
        return int(self.page.evaluate(WIDER))

    def small_targets(self) -> list[str]:
        """What a finger would miss."""
        return list(self.page.evaluate(SMALL_TARGETS, TARGET_PX_MIN))

    def small_letters(self) -> list[str]:
        """What old eyes would not read."""
        return list(self.page.evaluate(SMALL_LETTERS, LETTERS_PX_MIN))

    def axe(self) -> list[str]:
        """Every violation that axe finds, of whatever impact, with the first place of each."""
        results = Axe().run(self.page, options={"resultTypes": ["violations"]})
        return [sentence(fault) for fault in results.response["violations"]]


def sentence(fault: dict[str, Any]) -> str:
    """`serious color-contrast: .dim: Element has insufficient color contrast …`."""
    node = fault["nodes"][0]
    where, why = node["target"][0], node["failureSummary"].replace(os.linesep, " ")
    return f"{fault['impact']} {fault['id']}: {where}: {why}"
