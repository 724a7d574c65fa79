"""Where a home is, in words and in metres."""

from math import isqrt

UNIT = "单元"


def address_of(community: str, building: str, unit: str, door: str) -> str:
    """`翠湖苑 3号楼2单元501`; a building without units has none in its address."""
    unit = f"{unit}{UNIT}" if unit and not unit.endswith(UNIT) else unit
    return f"{community} {building}{unit}{door}"


def distance_m(dx_m: int, dy_m: int) -> int:
    """The straight way between two points of one plan, in whole metres."""
    return isqrt(dx_m * dx_m + dy_m * dy_m)
