"""`python -m libwa`, and the one-call form for terminals."""

from __future__ import annotations

import asyncio
import io
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PATIENCE, run

import libwa
from libwa import __main__, terminal
from libwa.testing import Phone


def command(*arguments: str, folder: Path, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(part for part in sys.path if part)
    return subprocess.run(
        [sys.executable, "-m", "libwa", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_pair(tmp_path: Path) -> None:
    done = command("pair", "+15551234567", "--simulate", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\n        [1-9A-Z]{4}-[1-9A-Z]{4}\n", done.stdout)
    assert done.stdout.endswith("Ready, as 15551234567:1@s.whatsapp.net\n")
    assert list(tmp_path.iterdir()) == []


def test_qr_status_and_logout(tmp_path: Path) -> None:
    done = command("qr", "--simulate", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "█" in done.stdout
    assert "Linked as 15550001234:1@s.whatsapp.net, online." in command("status", "--simulate", folder=tmp_path).stdout
    assert command("logout", "--simulate", folder=tmp_path).stdout.endswith("Logged out.\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_output_that_is_not_utf_8(tmp_path: Path, encoding: str) -> None:
    done = command("qr", "--simulate", folder=tmp_path, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "#" * 20 in done.stdout
    assert "Ready, as" in done.stdout
    assert done.stdout.isascii()


class Narrow(io.TextIOWrapper):
    """Output that takes ASCII only."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii", errors="backslashreplace")


def test_a_qr_code_in_ascii_is_the_same_code(config: dict[str, str], wa_phone: Phone) -> None:
    with libwa.SyncClient(config=config) as client:
        code = next(step for step in client.qr() if isinstance(step, libwa.PairingQr))
    assert terminal.qr_drawing(code, io.StringIO()) == code.terminal()
    rows = terminal.qr_drawing(code, Narrow()).splitlines()
    assert len({len(row) for row in rows}) == 1
    assert all(row[at : at + 2] in ("##", "  ") for row in rows for at in range(0, len(row), 2))
    rows.append("")
    blocks = {"####": "█", "##  ": "▀", "  ##": "▄", "    ": " "}
    again = [
        "".join(blocks[f"{upper[at : at + 2]}{lower[at : at + 2] or '  '}"] for at in range(0, len(upper), 2))
        for upper, lower in zip(rows[::2], rows[1::2])
    ]
    assert "\n".join(again) == code.terminal().rstrip("\n")


def test_text_that_the_output_lacks() -> None:
    assert terminal.printable(Narrow(), "Zoë: ok") == "Zo?: ok"
    assert terminal.printable(io.StringIO(), "Zoë") == "Zoë"


def test_a_session_that_stays(
    config: dict[str, str], wa_phone: Phone, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = [f"--set={key}={value}" for key, value in config.items() if key != "store.url"]
    settings.append(f"--store={config['store.url']}")
    file = Path(config["store.url"].split(":", 1)[1])
    for _ in range(2):
        assert __main__.main(["status", *settings]) == 1
        assert __main__.main(["restored", *settings]) == 1
        assert __main__.main(["logout", *settings]) == 0
        assert capsys.readouterr().out == "Not linked.\n" * 3
        assert not file.exists()
    with libwa.SyncClient(config=config):
        pass
    assert __main__.main(["status", *settings]) == 1
    assert capsys.readouterr().out == "Not linked.\n"
    with libwa.SyncClient(config=config) as client:
        terminal.pair_sync(client, wa_phone.number, output=io.StringIO(), on_step=typed_by(wa_phone))
    assert __main__.main(["restored", *settings]) == 0
    assert capsys.readouterr().out == "The session goes on with new keys.\n"
    assert __main__.main(["status", *settings]) == 0
    assert capsys.readouterr().out == "Linked as 15550001234:1@s.whatsapp.net, online.\n"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"--set=server.url=ws://127.0.0.1:{taken.getsockname()[1]}/ws"
        monkeypatch.setattr(__main__, "_LOGIN_SECONDS", 1)
        assert __main__.main(["status", *settings, nobody]) == 0
    assert re.search("Linked as .*, but not online: (re)?connecting, .*refused", capsys.readouterr().out)
    monkeypatch.undo()
    assert __main__.main(["logout", *settings]) == 0
    wa_phone.wait_companions(0)


def test_failures(config: dict[str, str], wa_phone: Phone, capsys: pytest.CaptureFixture[str]) -> None:
    wa_phone.set(refuse_code={"code": 429, "backoff": 60})
    settings = [f"--set={key}={value}" for key, value in config.items()]
    assert __main__.main(["pair", wa_phone.number, "--store", config["store.url"], *settings]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Too many attempts. Try again later, or use the QR code.\nWhy: rate-overlimit\n")
    assert re.search(r"Try again in \d+ seconds\.", shown)
    assert __main__.main(["pair", "12", "--store=memory:"]) == 2
    assert __main__.main(["status", "--store=memory:", "--set=no.key=1"]) == 2
    assert __main__.main(["status", "--store=memory:", "--set=queue.capacity=many"]) == 2
    assert __main__.main(["status", "--store=memory:", "--session=a\0b"]) == 2
    assert "session.id has a NUL character in it" in capsys.readouterr().err
    for wrong in (["pair"], ["sing"], ["status", "--set", "novalue"]):
        with pytest.raises(SystemExit):
            __main__.main(wrong)


def test_a_reader_that_is_gone(tmp_path: Path) -> None:
    path = os.pathsep.join(part for part in sys.path if part)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "libwa", "status", "--store=memory:"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def typed_by(phone: Phone) -> terminal.OnStep:
    def on_step(step: libwa.PairingStep) -> None:
        if isinstance(step, libwa.PairingCode):
            assert phone.enter(step.code).linked
        if isinstance(step, libwa.PairingQr):
            assert phone.scan(step.payload).linked

    return on_step


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_countdown(config: dict[str, str], wa_phone: Phone) -> None:
    async def test() -> None:
        output = Tty()
        async with libwa.Client(config={**config, "pairing.code_ttl_ms": "5000"}) as client:
            with pytest.raises(libwa.errors.PairingExpiredError):
                await terminal.pair(client, wa_phone.number, output=output)
            shown = output.getvalue()
            assert re.search(r"\r        valid for 0:0[1-4] ", shown)
            assert shown.endswith("\n")
            ready = await terminal.pair(client, output=output, on_step=typed_by(wa_phone))
            assert output.getvalue().endswith(f"Ready, as {ready.jid}\n")

    run(asyncio.wait_for(test(), PATIENCE))
