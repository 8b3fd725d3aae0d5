"""A session and its account: one that is locked or banned is told as that, and one of another number is not gone on with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from conftest import linked, run

import libwa
from libwa import __main__, errors, terminal
from libwa._numbers import is_same
from libwa.testing import Phone, Simulator

LOGIN = {"point": "login"}
OTHER = "+15550009999"


@pytest.mark.parametrize(("code", "kind"), [("403", errors.AccountLockedError), ("406", errors.AccountBannedError)])
@pytest.mark.parametrize("way", ["pair", "ready", "wait_for", "sync"])
def test_an_account_that_is_locked_or_banned(
    code: str,
    kind: type[libwa.Error],
    way: str,
    make: Callable[..., libwa.Client],
    wa_sim: Simulator,
    wa_phone: Phone,
    config: dict[str, str],
) -> None:
    async def wait(client: libwa.Client) -> None:
        # What the server says has come, and the wait finds the client at its end.
        await asyncio.sleep(0.2)
        if way == "pair":
            async for _ in client.pair(wa_phone.number):
                pass
        elif way == "ready":
            await client.ready()
        else:
            await client.wait_for(libwa.Ready)

    async def test() -> None:
        async with make() as client:
            await linked(client, wa_phone)
        wa_sim.fault(LOGIN, {"failure": {"reason": code}})
        if way == "sync":
            return
        async with make() as client:
            with pytest.raises(kind) as caught:
                await wait(client)
            assert "WhatsApp" in (caught.value.user_text or "")

    run(test())
    if way == "sync":
        with libwa.SyncClient(config=config) as client, pytest.raises(kind):
            client.ready()


def test_the_command_links_no_account_again_that_is_locked(
    config: dict[str, str],
    wa_sim: Simulator,
    wa_phone: Phone,
    make: Callable[..., libwa.Client],
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def link() -> None:
        async with make() as client:
            await linked(client, wa_phone)

    run(link())
    wa_sim.fault(LOGIN, {"failure": {"reason": "403"}})
    settings = [f"--set={key}={value}" for key, value in config.items() if key != "store.url"]
    assert __main__.main(["pair", wa_phone.number, "--store", config["store.url"], *settings]) == 1
    shown = capsys.readouterr()
    assert "locked" in shown.err
    assert "again" not in shown.out
    assert not re.search(r"[1-9A-Z]{4}-[1-9A-Z]{4}", shown.out)


def test_another_number_than_the_sessions(
    config: dict[str, str], wa_phone: Phone, make: Callable[..., libwa.Client], capsys: pytest.CaptureFixture[str]
) -> None:
    async def test() -> None:
        async with make() as client:
            await linked(client, wa_phone)
            with pytest.raises(errors.AlreadyLinkedError, match=wa_phone.number.strip("+")) as caught:
                async for _ in client.pair(OTHER):
                    pass
            assert OTHER in caught.value.text
            assert [type(step) async for step in client.pair(wa_phone.number)] == [libwa.Ready]

    run(test())
    with libwa.SyncClient(config=config) as client, pytest.raises(errors.AlreadyLinkedError):
        list(client.pair(OTHER))
    settings = [f"--set={key}={value}" for key, value in config.items() if key != "store.url"]
    assert __main__.main(["pair", OTHER, "--store", config["store.url"], *settings]) == 2
    assert "the session is linked to +" in capsys.readouterr().err


# As the library says of each, whether the session is linked or not.
NO_NUMBERS = {
    "": "empty",
    "abc": "not a digit",
    "12": "too short",
    "1" * 16: "too long",
    "0049170": "starts with 0",
    "+49 (0)170 1234567": "spaces or punctuation",
    # The number is that of the account, written otherwise.
    "+1 555 000 1234": "spaces or punctuation",
}


def test_what_is_no_number_is_refused_first(
    config: dict[str, str], wa_phone: Phone, make: Callable[..., libwa.Client], capsys: pytest.CaptureFixture[str]
) -> None:
    async def refuses(client: libwa.Client) -> None:
        for number, said in NO_NUMBERS.items():
            with pytest.raises(errors.InvalidPhoneNumberError, match=said) as caught:
                await client.pair(number).__anext__()
            assert caught.value.key == "phone"
        with pytest.raises(errors.InvalidPairingCodeError):
            await client.pair(wa_phone.number, "short").__anext__()
        # None is no way to ask for QR codes.
        with pytest.raises(errors.InvalidArgumentError, match="phone"):
            await client.pair(None).__anext__()  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match="phone must be str"):
            await client.pair(15550001234).__anext__()  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    async def test() -> None:
        async with make() as client:
            await refuses(client)
            await linked(client, wa_phone)
            await refuses(client)
            assert [type(step) async for step in client.pair(wa_phone.number)] == [libwa.Ready]
            assert [type(step) async for step in client.qr()] == [libwa.Ready]

    run(test())
    with libwa.SyncClient(config=config) as client:
        for number, said in NO_NUMBERS.items():
            with pytest.raises(errors.InvalidPhoneNumberError, match=said):
                list(client.pair(number))
    settings = [f"--set={key}={value}" for key, value in config.items() if key != "store.url"]
    assert __main__.main(["pair", "abc", "--store", config["store.url"], *settings]) == 2
    assert "not a digit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "account", "same"),
    [
        ("+1 (555) 000-1234", "15550001234", True),
        ("+15550001235", "15550001234", False),
        ("+5511987654321", "551187654321", True),
        ("+525512345678", "5215512345678", True),
        ("+541112345678", "5491112345678", True),
        ("+5511987654321", "551187654322", False),
        ("+449112345678", "5491112345678", False),
    ],
)
def test_numbers_that_are_the_same_account(number: str, account: str, same: bool) -> None:
    assert is_same(number, account) is same


def test_a_ban_says_until_when(make: Callable[..., libwa.Client], wa_sim: Simulator, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make() as client:
            await linked(client, wa_phone)
        wa_sim.fault(LOGIN, {"failure": {"reason": "402", "code": "101", "expire": "3600"}})
        async with make() as client:
            with pytest.raises(errors.TemporarilyBannedError, match=r" banned until \d{4}-\d\d-\d\d \d\d:\d\d UTC") as caught:
                await client.ready()
            assert terminal.when_to_try(caught.value).startswith("Try again after 20")

    run(test())
