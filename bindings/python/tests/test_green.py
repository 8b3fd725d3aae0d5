"""The client that blocks, in programs whose threads are greenlets: while it waits, all others have to go on."""

from __future__ import annotations

import sys

import pytest
from conftest import output_of, script

from libwa.testing import Phone, Simulator

pytestmark = pytest.mark.skipif("t" in sys.abiflags, reason="greenlets know no free-threaded Python")

PATCHES = {
    "eventlet": """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # says of itself that it is old
import eventlet
eventlet.monkey_patch()
spawn, ended = eventlet.spawn, lambda thread: thread.wait()
""",
    "gevent": """
from gevent import monkey
monkey.patch_all()
import gevent
spawn, ended = gevent.spawn, lambda thread: thread.get()
""",
}

PROGRAM = """
import time

def turn():
    while True:
        turns.append(1)
        time.sleep(0.005)

def listen():
    for event in client.events():
        if isinstance(event, libwa.Message):
            texts.append(event.text)

def goes_on(wait):
    before = len(turns)
    wait()
    return len(turns) > before

def times_out():
    try:
        client.wait_for(libwa.LoggedOut, timeout=0.3)
    except TimeoutError:
        return
    raise AssertionError("no such event can come")

turns, texts = [], []
spawn(turn)
client = libwa.SyncClient(config=config)
client.connect()
for step in client.pair("+15550001234"):
    if isinstance(step, libwa.PairingCode):
        print(step.code)
print("others had their turn:", len(turns) > 1)
listeners = [spawn(listen) for _ in range(3)]
sends = [spawn(client.send_text, "15550005678", f"to {number}") for number in range(5)]
print("sent:", len({ended(sent).message_id for sent in sends}))
while len(texts) < 5:
    time.sleep(0.005)
print("came:", *sorted(texts))
print("goes on in a wait:", goes_on(times_out))
print("goes on in calls:", goes_on(lambda: [client.session.status() or time.sleep(0) for _ in range(20)]))
client.close()
for listener in listeners:
    ended(listener)
print("closed")
"""


@pytest.mark.parametrize("loop", PATCHES)
def test_in_greenlets(config: dict[str, str], wa_sim: Simulator, wa_phone: Phone, loop: str) -> None:
    ada = wa_sim.phone("+15550005678", name="Ada")
    program = script(PROGRAM, config=config, before=PATCHES[loop])
    assert program.stdout is not None
    assert wa_phone.enter(program.stdout.readline().strip()).linked
    heard = ada.wait_all_heard(lambda messages: len(messages) >= 5)
    assert sorted(message["text"] for message in heard) == [f"to {number}" for number in range(5)]
    for number in range(5):
        ada.send(wa_phone.number, f"from {number}")
    assert output_of(program).splitlines() == [
        "others had their turn: True",
        "sent: 5",
        "came: from 0 from 1 from 2 from 3 from 4",
        "goes on in a wait: True",
        "goes on in calls: True",
        "closed",
    ]
