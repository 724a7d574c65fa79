"""What is shown of a courier."""


def masked_phone(phone: str) -> str:
    """`138****5678`: enough to recognise a number one knows, not to learn one."""
    if len(phone) < 9:
        return "*" * (len(phone) - 2) + phone[-2:]
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]
