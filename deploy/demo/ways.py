"""How the demo's goods and services reach their buyers; what is not named here is delivered or
fetched.

A good is found by its shop and name, else by its shop and category.
"""

from typing import NamedTuple


class Ways(NamedTuple):
    """Values of `Fulfilment`; the length of an appointment in minutes, and how many at once."""

    fulfilments: tuple[str, ...] = ("delivery", "pickup")
    slot_minutes: int = 0
    slot_capacity: int = 1


AT_HOME = ("at_home",)
IN_STORE = ("in_store",)

WAYS: dict[tuple[str, str], Ways] = {
    ("老陈早餐铺", "会员卡"): Ways(()),  # nothing is handed over
    ("甜心烘焙", "六寸生日蛋糕"): Ways(("pickup",)),  # would not survive a courier's box
    ("老马牛肉面", "面食"): Ways(("delivery", "pickup", "in_store")),
    ("丽芳洗衣", "窗帘清洗"): Ways(AT_HOME, 60, 1),
    ("巧手裁缝", "定做旗袍"): Ways(IN_STORE, 60, 1),
    ("巧手裁缝", "定做窗帘"): Ways(AT_HOME, 60, 1),
    ("巧手裁缝", "沙发套定做"): Ways(AT_HOME, 60, 1),
    ("王师傅水电", "水管"): Ways(AT_HOME, 60, 2),
    ("王师傅水电", "电路"): Ways(AT_HOME, 60, 2),
    ("王师傅水电", "灯具"): Ways(AT_HOME, 60, 2),
    ("王师傅水电", "电器"): Ways(AT_HOME, 120, 1),
    ("安居开锁换锁", "配钥匙"): Ways(IN_STORE),
    ("安居开锁换锁", "开锁"): Ways(AT_HOME, 30, 2),
    ("安居开锁换锁", "换锁"): Ways(AT_HOME, 60, 1),
    ("安居开锁换锁", "安防"): Ways(AT_HOME, 60, 1),
    ("绿萝花艺", "服务"): Ways(AT_HOME, 60, 1),
    ("顺达电动车", "补胎"): Ways(IN_STORE),
    ("顺达电动车", "换刹车片"): Ways(IN_STORE),
    ("顺达电动车", "全车保养"): Ways(IN_STORE, 60, 2),
    ("顺达电动车", "上门拖车"): Ways(AT_HOME, 30, 1),
    ("平安汽车服务", "洗车"): Ways(IN_STORE, 60, 2),
    ("平安汽车服务", "换空调滤芯"): Ways(IN_STORE, 30, 2),
    ("平安汽车服务", "轮胎换位"): Ways(IN_STORE, 60, 1),
    ("平安汽车服务", "代办"): Ways(AT_HOME, 60, 1),
    ("平安汽车服务", "代驾"): Ways(AT_HOME, 60, 2),
    ("暖居家政", "保洁"): Ways(AT_HOME, 120, 2),
    ("暖居家政", "照护"): Ways(AT_HOME, 120, 2),
    ("明远家电维修", "维修"): Ways(AT_HOME, 60, 2),
    ("明远家电维修", "空调"): Ways(AT_HOME, 120, 1),
    ("明远家电维修", "教老人用手机"): Ways(AT_HOME, 60, 1),
    ("爱心宠物与理发", "老人上门理发"): Ways(AT_HOME, 60, 1),
    ("爱心宠物与理发", "理发"): Ways(IN_STORE, 30, 2),
    ("爱心宠物与理发", "染发"): Ways(IN_STORE, 120, 1),
    ("爱心宠物与理发", "小狗洗澡"): Ways(IN_STORE, 60, 1),
    ("爱心宠物与理发", "猫咪洗澡"): Ways(IN_STORE, 60, 1),
    ("爱心宠物与理发", "上门喂猫"): Ways(AT_HOME, 30, 2),
    ("爱心宠物与理发", "代遛狗"): Ways(AT_HOME, 60, 1),
}


def ways_of(shop: str, category: str, name: str) -> Ways:
    """How something of a shop reaches its buyer."""
    return WAYS.get((shop, name)) or WAYS.get((shop, category)) or Ways()
