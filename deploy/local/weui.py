"""Make the small WeUI style sheet that the phone pages load from the published one.

WeUI publishes every widget and six themes in one sheet of 188 kB. The phone pages use a few
widgets, so only those are kept, by the class names and colour names below. The result depends on
nothing but the published text and these lists: the same input gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A selector stays when each of its weui classes belongs to one of these widgets.
WIDGETS = frozenset(
    {
        *("btn", "btn_primary", "btn_default", "btn_warn", "btn_mini", "btn_disabled"),
        *("btn_loading", "loading", "primary-loading", "switch", "badge", "badge_dot"),
        *("cells", "cell", "cells__title", "cell__hd", "cell__bd", "cell__ft", "cell_access"),
        *("input", "textarea", "label", "mask"),
    }
)
# Colours that the pages' own sheets may use besides those that the kept widgets need.
COLOURS = re.compile(
    r"--weui-(?:BG-\d|FG-\d|BRAND|RED|ORANGE|LINK|BLUE|SEPARATOR-\d|SECONDARY-BG)$"
)
CLASS = re.compile(r"\.weui-([a-zA-Z0-9_-]+)")
VARIABLE = re.compile(r"var\((--weui-[A-Za-z0-9_-]+)")
NAME_AND_LICENCE = re.compile(r"/\*!.*?\*/", re.DOTALL)


def without_source_map(css: str) -> str:
    """The sheet without the pointer to a map file that is not shipped."""
    return re.sub(r"/\*# sourceMappingURL=.*?\*/\s*", "", css)


def trimmed(css: str) -> str:
    """The sheet with only the widgets, theme variables and animations that are used."""
    notice = NAME_AND_LICENCE.search(css)
    rules = list(kept_rules(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)))
    body = "".join(write(rules, needed_variables(rules)))
    animations = set(re.findall(r"animation(?:-name)?:([a-zA-Z]+)", body))
    body = "".join(rule for rule in animated(body, animations))
    return (notice.group(0) + "\n" if notice else "") + body + "\n"


def split_rules(css: str) -> Iterator[tuple[str, str]]:
    """Top-level (prelude, body) pairs; braces inside quotes do not count."""
    depth, start, prelude, quote = 0, 0, "", ""
    for position, char in enumerate(css):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "{":
            if depth == 0:
                prelude, start = css[start:position].strip(), position + 1
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                yield prelude, css[start:position]
                start = position + 1


def selector_stays(selector: str) -> bool:
    """Whether a selector speaks of plain elements or of a kept widget only."""
    if "wx-root" in selector or selector.strip() == "page":
        return False
    return all(name in WIDGETS for name in CLASS.findall(selector))


def kept_rules(css: str) -> Iterator[tuple[str, str]]:
    """The rules that stay; inside @media the same choice is made again."""
    for prelude, body in split_rules(css):
        if prelude.startswith("@media"):
            inner = list(kept_rules(body))
            if inner:
                yield prelude, "".join(f"{head}{{{text}}}" for head, text in inner)
        elif prelude.startswith("@"):
            yield prelude, body
        else:
            stays = [part for part in re.split(r",(?![^(]*\))", prelude) if selector_stays(part)]
            if stays:
                yield ",".join(stays), body


def needed_variables(rules: list[tuple[str, str]]) -> frozenset[str]:
    """Variables that kept declarations use, and those that such variables are made of."""
    text = "".join(f"{prelude}{{{body}}}" for prelude, body in rules)
    definitions = dict(re.findall(r"(--weui-[A-Za-z0-9_-]+):([^;}]*)", text))
    uses = re.sub(r"--weui-[A-Za-z0-9_-]+:[^;}]*", "", text)
    wanted = set(VARIABLE.findall(uses)) | {name for name in definitions if COLOURS.match(name)}
    while True:
        more = {n for name in wanted for n in VARIABLE.findall(definitions.get(name, ""))} - wanted
        if not more:
            return frozenset(wanted)
        wanted |= more


def write(rules: list[tuple[str, str]], variables: frozenset[str]) -> Iterator[str]:
    """The rules as text, theme variables that nobody uses left out."""
    for prelude, body in rules:
        if prelude.startswith("@media"):
            inner = "".join(write(list(split_rules(body)), variables))
            if inner:
                yield f"{prelude}{{{inner}}}"
        elif prelude.startswith("@"):
            yield f"{prelude}{{{body}}}"
        else:
            stays = [line for line in declarations(body) if declaration_stays(line, variables)]
            if stays:
                yield f"{prelude}{{{';'.join(stays)}}}"


def declarations(body: str) -> list[str]:
    """A rule's declarations; a semicolon inside quotes or brackets does not end one."""
    parts = re.findall(r"(?:[^;\"'(]|\"[^\"]*\"|'[^']*'|\((?:[^()]|\([^()]*\))*\))+", body)
    return [part for part in parts if part.strip()]


def declaration_stays(line: str, variables: frozenset[str]) -> bool:
    """Whether a declaration is no theme variable, or one that is used."""
    name = line.split(":", 1)[0].strip()
    return not name.startswith("--weui-") or name in variables


def animated(css: str, names: set[str]) -> Iterator[str]:
    """The rules without the keyframes that no kept rule names."""
    for prelude, body in split_rules(css):
        if "keyframes" not in prelude or prelude.split()[-1] in names:
            yield f"{prelude}{{{body}}}"
