"""A simulated WhatsApp for the tests of your own program: no phone, no account, no network.

    from libwa.testing import Simulator

    def test_my_bot():
        with Simulator() as sim:
            phone = sim.phone("+15550001234")
            with libwa.SyncClient(config=sim.config) as client:
                for step in client.pair(phone.number):
                    if isinstance(step, libwa.PairingCode):
                        assert phone.enter(step.code).linked

The simulator is a program of its own, wa-sim, which speaks the real protocol; the wheel has it inside. In asyncio tests, calls that
take the phone's time are `await asyncio.to_thread(phone.enter, step.code)`.

For pytest: `pytest_plugins = ["libwa.testing.fixtures"]` in conftest.py gives the fixtures `wa_sim` and `wa_phone`.
"""

from ._control import SimulatorError
from ._phone import Outcome, Phone
from ._simulator import Simulator

__all__ = ["Outcome", "Phone", "Simulator", "SimulatorError"]
