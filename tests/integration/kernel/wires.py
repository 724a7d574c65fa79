"""The probe's messages, as a caller knows them (the probe's own module patches the world)."""

from services.kernel.wire import Command, Query, View


class Ask(Query):
    text: str = ""
    sleep_ms: int = 0


class Note(Command):
    note: str
    tell: str = ""
    sleep_ms: int = 0


class Echo(View):
    text: str
    pid: int = 0


class Noted(View):
    note: str
    nonce: str
