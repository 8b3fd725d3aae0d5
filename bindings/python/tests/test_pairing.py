"""Every way in which a pairing can go, against the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from conftest import linked, run

import libwa
from libwa import errors
from libwa.testing import Outcome, Phone, Simulator

Make = Callable[..., libwa.Client]


def test_by_code(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        stages: list[str] = []
        async with make() as client:
            assert not client.is_linked
            async for step in client.pair(wa_phone.number):
                if isinstance(step, libwa.PairingCode):
                    assert step.display == f"{step.code[:4]}-{step.code[4:]}"
                    assert step.expires_at > datetime.now(timezone.utc)
                    assert not step.custom
                    outcome = await asyncio.to_thread(wa_phone.enter, step.display)
                    assert outcome.linked, outcome
                if isinstance(step, libwa.PairingProgress):
                    stages.append(step.stage)
            assert stages == ["requested", "phone_answered", "finish_accepted", "linked", "first_login", "ready"]
            assert client.is_linked
            assert (await client.session.status()).phone == "15550001234"
            assert (await client.ready()).name == "Ada"
            assert [companion["device"] for companion in wa_phone.wait_companions(1)] == [1]

    run(test())


def test_by_qr(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        last: libwa.PairingStep | None = None
        async with make() as client:
            async for step in client.qr():
                if isinstance(step, libwa.PairingQr):
                    assert "█" in step.terminal()
                    assert step.svg().startswith("<?xml")
                    assert step.png().startswith(b"\x89PNG")
                    assert (await asyncio.to_thread(wa_phone.scan, step.payload)).linked
                last = step
        assert isinstance(last, libwa.Ready)

    run(test())


def test_with_a_code_of_ones_own(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make() as client:
            with pytest.raises(errors.InvalidPairingCodeError):
                async for _ in client.pair(wa_phone.number, code="OOOO0000"):
                    pass
            async for step in client.pair(wa_phone.number, code="ABCD2345"):
                if isinstance(step, libwa.PairingCode):
                    assert step.custom
                    assert (await asyncio.to_thread(wa_phone.enter, "ABCD2345")).linked

    run(test())


def test_a_code_expires(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make(pairing__code_ttl_ms="1000") as client:
            with pytest.raises(errors.PairingExpiredError) as caught:
                async for _ in client.pair(wa_phone.number):
                    pass
        assert isinstance(caught.value.event, libwa.PairingExpired)
        assert caught.value.event.outcome == "code_expired"
        assert caught.value.retryable
        assert caught.value.user_text == "The code was not entered in time. Ask for a new one."

    run(test())


def test_a_code_is_refreshed(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        generations: list[int] = []
        expired = 0
        async with make(pairing__code_ttl_ms="5000", pairing__auto_refresh="true") as client:
            async for step in client.pair(wa_phone.number):
                if isinstance(step, libwa.PairingExpired):
                    assert step.refreshing
                    expired += 1
                if isinstance(step, libwa.PairingCode):
                    generations.append(step.generation)
                    if step.generation == 2:
                        # The phone answers when the pairing is decided; here the loop has to go on meanwhile.
                        asyncio.get_running_loop().run_in_executor(None, wa_phone.enter, step.code)
        assert expired >= 1
        assert generations[:2] == [1, 2]

    run(test())


def test_the_server_refuses(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        wa_phone.set(refuse_code={"code": 429, "backoff": 60})
        async with make() as client:
            with pytest.raises(errors.RateLimitedError) as caught:
                async for _ in client.pair(wa_phone.number):
                    pass
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 60
        assert isinstance(caught.value.event, libwa.PairingFailed)
        assert caught.value.event.server_code == 429
        # The advice, and what the server said as a detail.
        assert caught.value.event.text == "rate-overlimit"
        assert caught.value.text == f"{caught.value.user_text} (rate-overlimit)"
        assert caught.value.event.error is not None
        assert str(caught.value.event.error) == str(caught.value)
        assert caught.value.name == "WA_ERROR_RATE_LIMITED"

    run(test())


def test_our_own_limit_says_how_long_to_wait(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make(pairing__limit_burst="1") as client:
            async for step in client.pair(wa_phone.number):
                if isinstance(step, libwa.PairingCode):
                    break
            await client.wait_for(libwa.Result)
            with pytest.raises(errors.PairingLimitError, match=r"Ask for another one in \d+ (second|minute|hour)s") as caught:
                async for _ in client.pair(wa_phone.number):
                    pass
        assert caught.value.retry_after
        assert caught.value.text == caught.value.user_text

    run(test())


def test_wrong_calls(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make() as client:
            with pytest.raises(errors.InvalidPhoneNumberError):
                await client.pair("12").__anext__()
            steps = client.pair(wa_phone.number)
            await steps.__anext__()
            with pytest.raises(errors.PairingOutstandingError):
                await client.pair(wa_phone.number).__anext__()

    run(test())


def test_leaving_the_loop_cancels(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make() as client:
            async for step in client.pair(wa_phone.number):
                if isinstance(step, libwa.PairingCode):
                    break
            answer = await client.wait_for(libwa.Result)
            assert isinstance(answer.error, errors.CancelledError)

    run(test())


@pytest.mark.parametrize("ask", [False, True])
def test_with_a_passkey(make: Make, wa_sim: Simulator, wa_phone: Phone, ask: bool) -> None:
    async def test() -> None:
        wa_phone.set(passkey="before_finish", passkey_ask=ask)
        typing: asyncio.Future[Outcome] | None = None
        seen: list[str] = []
        async with make() as client:
            async for step in client.pair(wa_phone.number):
                if isinstance(step, libwa.PairingCode):
                    typing = asyncio.get_running_loop().run_in_executor(None, wa_phone.enter, step.code)
                if isinstance(step, libwa.PairingPasskey):
                    seen.append(step.step)
                    if step.step == "required":
                        assert step.options is not None
                        assert "challenge" in step.options
                        await client.answer_passkey(ASSERTION)
                    else:
                        assert step.display is not None
                        await client.confirm_passkey()
                        if ask:
                            await asyncio.to_thread(wa_phone.confirm)
            assert typing is not None
            assert (await typing).linked
            assert seen == ["required", "confirm"]

    run(test())


# What an authenticator makes of a challenge, as to its form.
ASSERTION = (
    '{"id":"AQID","rawId":"AQID","type":"public-key","response":'
    '{"clientDataJSON":"e30","authenticatorData":"AQID","signature":"AQID","userHandle":null}}'
)


def test_a_restart_needs_no_pairing(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make() as client:
            first = await linked(client, wa_phone)
        async with make() as client:
            assert client.is_linked
            steps = [step async for step in client.pair(wa_phone.number)]
            assert len(steps) == 1
            assert isinstance(steps[0], libwa.Ready)
            assert (steps[0].jid, steps[0].first_login) == (first.jid, False)
            # It is known meanwhile.
            assert await client.ready() == steps[0]

    run(test())


def test_logging_out(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        client = make()
        await linked(client, wa_phone)
        await client.logout()
        seen = [event async for event in client.events()]
        assert [type(event) for event in seen if not event.droppable] == [libwa.LoggedOut, libwa.Closed]
        assert not client.is_linked
        wa_phone.wait_companions(0)
        await client.close()

    run(test())


def test_unlinked_by_the_phone(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        client = make()
        await linked(client, wa_phone)
        wa_phone.unlink()
        event = await client.wait_for(libwa.LoggedOut)
        assert event.reason == "by_phone"
        event.ack()
        with pytest.raises(errors.Error):
            await client.server.ping()
        await client.close()

    run(test())


def test_a_login_that_fails(make: Make, wa_sim: Simulator, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make(pairing__limit_burst="10") as client:
            await linked(client, wa_phone)
        wa_sim.fault({"point": "login"}, {"failure": {"reason": "401"}})
        async with make() as client:
            with pytest.raises(errors.LoggedOutError) as caught:
                await client.ready()
            assert isinstance(caught.value.event, libwa.LoggedOut)
            assert caught.value.text == caught.value.user_text
        # The server's words are a detail of the advice.
        async with make(pairing__limit_burst="10") as client:
            await linked(client, wa_phone)
        wa_sim.fault({"point": "login"}, {"failure": {"reason": "401", "logout_message_header": "Gone"}})
        async with make() as client:
            with pytest.raises(errors.LoggedOutError) as gone:
                await client.ready()
            assert gone.value.user_text
            assert gone.value.text == f"{gone.value.user_text} (Gone)"
        async with make(pairing__limit_burst="10") as client:
            await linked(client, wa_phone)
        failure = {"reason": "403", "logout_message_header": "Locked", "logout_message_subtext": "Look at the phone"}
        wa_sim.fault({"point": "login"}, {"failure": failure})
        async with make() as client:
            with pytest.raises(errors.AccountLockedError) as locked:
                await client.ready()
            assert locked.value.text.startswith("WhatsApp locked the account")
            assert locked.value.text.endswith(" (Locked: Look at the phone)")

    run(test())


@pytest.mark.parametrize("taken", [False, True])
def test_a_connection_that_ended_before_the_request_says_why(make: Make, wa_phone: Phone, wa_sim: Simulator, taken: bool) -> None:
    async def test() -> None:
        failure = {"reason": "402", "code": "101", "expire": "3600"}
        wa_sim.fault({"point": "register"}, {"failure": failure}, times=0)
        async with make() as client:
            for steps in (client.pair(wa_phone.number), client.qr()):
                client.connect()
                while (await client.wait_for(libwa.Connection)).state != "disconnected":
                    pass
                if taken:
                    (await client.wait_for(libwa.Restricted)).ack()
                with pytest.raises(errors.TemporarilyBannedError):
                    async for _ in steps:
                        pass

    run(test())
