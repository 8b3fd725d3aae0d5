"""The bots of examples/python, started as their first lines say."""

from __future__ import annotations

import json
import runpy
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from bots import until
from conftest import PATIENCE, ROOT, run
from programs import Program, Somebody, environment

from libwa.bot import Bot, GroupUpdate
from libwa.bot.testing import BotTester, Person, Reply
from libwa.testing import Simulator

T = TypeVar("T")

EXAMPLES = ROOT / "examples" / "python"
NUMBER = "15551234567"


def test_echo_answers_once_what_came_while_it_was_dead(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    ada = Somebody(wa_sim, "15550009001", NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program([str(EXAMPLES / "echo.py")], tmp_path, env) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        ada.send("one")
        assert ada.heard(1) == ["one"]
        bot.kill()
    ada.send("two")
    ada.send("three")
    with Program([str(EXAMPLES / "echo.py")], tmp_path, env) as bot:
        assert ada.heard(3) == ["one", "two", "three"]
        # Once: after another start nothing more comes.
        assert bot.stop(signal.SIGINT) == 0, bot.errors
    with Program([str(EXAMPLES / "echo.py")], tmp_path, env) as bot:
        bot.expect("Connected as")
        ada.send("four")
        assert ada.heard(4) == ["one", "two", "three", "four"]
        assert bot.stop() == 0, bot.errors
        assert bot.errors == ""


def test_quick_start(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER, name="Ada Lovelace")
    ada = Somebody(wa_sim, "15550009001", NUMBER)
    env = environment(wa_sim, tmp_path)
    with Program([str(EXAMPLES / "quick_start.py")], tmp_path, env) as bot:
        assert bot.wait() == 2
        assert bot.errors.startswith("Phone number is required")
    with Program([str(EXAMPLES / "quick_start.py"), f"+{NUMBER}"], tmp_path, env) as bot:
        assert bot.wait() == 2
        assert bot.errors.startswith('Invalid phone number format: remove the "+"')
    with Program([str(EXAMPLES / "quick_start.py"), NUMBER], tmp_path, env) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected! Ada Lovelace")
        bot.expect(r"Good until \d\d:\d\d:\d\d UTC")
        ada.send("ping")
        assert ada.heard(1) == ["pong"]
        assert bot.stop() == 0
    # What "Linked devices" shows.
    [device] = phone.wait_companions(1)
    assert "MyBot" in json.dumps(device)


def test_the_code_in_a_file(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    file = tmp_path / "code.json"
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER, CODE_FILE=str(file), LIBWA_PAIRING_CODE_TTL_MS="1500")
    with Program([str(EXAMPLES / "code_to_file.py")], tmp_path, env) as bot:
        first = when(file.exists, lambda: json.loads(file.read_text()))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert datetime.fromisoformat(first["expires_at"]) > datetime.now(timezone.utc)
        # It goes with the code, and comes with the next one.
        when(lambda: not file.exists(), lambda: None)
        second = when(file.exists, lambda: json.loads(file.read_text()))
        assert second["code"] != first["code"]
        assert phone.enter(second["code"]).linked
        when(lambda: not file.exists(), lambda: None)
        assert bot.stop() == 0
        # It is nowhere else.
        assert bot.output + bot.errors == ""
    assert [path.name for path in tmp_path.iterdir()] == ["sessions"]


def when(condition: Callable[[], object], then: Callable[[], T]) -> T:
    """What comes of it once something is so."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)
    return then()


class Hook(BaseHTTPRequestHandler):
    """Writes down what is posted to it."""

    posted: ClassVar[list[tuple[str, str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.posted.append((self.path, self.headers["Authorization"], body))
        # The first one is sent somewhere else, where no code must go.
        self.send_response(307 if len(self.posted) == 1 else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A webhook with HTTPS: its address, and the certificate to trust."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *name, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Hook.posted.clear()
    yield f"https://localhost:{server.server_address[1]}/codes", certificate
    server.shutdown()
    server.server_close()
    thread.join(PATIENCE)


def test_the_code_at_a_webhook(wa_sim: Simulator, tmp_path: Path, hook: tuple[str, Path]) -> None:
    phone = wa_sim.phone(NUMBER, name="Ada")
    url, certificate = hook
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER, WEBHOOK_URL=url, WEBHOOK_TOKEN="token", SSL_CERT_FILE=str(certificate))
    with Program([str(EXAMPLES / "code_to_webhook.py")], tmp_path, env) as bot:
        when(lambda: len(Hook.posted) == 2, lambda: None)
        for path, authorization, body in Hook.posted:
            assert (path, authorization) == ("/codes", "Bearer token")
            assert body["session"] == "code-to-webhook"
        code = Hook.posted[1][2]
        assert code["event"] == "code"
        assert phone.enter(code["code"]).linked
        when(lambda: len(Hook.posted) == 3, lambda: None)
        assert Hook.posted[2][2] == {"session": "code-to-webhook", "event": "linked", "name": "Ada"}
        assert bot.stop() == 0
        assert "the webhook failed (1 of 3)" in bot.errors
        assert code["code"] not in bot.output + bot.errors


@pytest.mark.parametrize("url", ["http://example.org/codes", "ftp://example.org", "https://", ""])
def test_a_webhook_without_https_is_refused(wa_sim: Simulator, tmp_path: Path, url: str) -> None:
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER, WEBHOOK_URL=url)
    with Program([str(EXAMPLES / "code_to_webhook.py")], tmp_path, env) as bot:
        assert bot.wait() == 1
    assert "must begin with https://" in bot.errors
    assert not (tmp_path / "sessions").exists()


def fetch(url: str, token: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("token", ["", "secret"])
def test_the_dashboard(wa_sim: Simulator, tmp_path: Path, token: str) -> None:
    phone = wa_sim.phone(NUMBER, name="Ada")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER, PORT=str(port), DASHBOARD_TOKEN=token)
    page = f"http://127.0.0.1:{port}/"
    with Program([str(EXAMPLES / "dashboard.py")], tmp_path, env) as bot:
        bot.expect("Running on")

        def state() -> dict[str, Any]:
            status, text = fetch(f"{page}api/pairing-code", token)
            assert status == 200
            answer: dict[str, Any] = json.loads(text)
            return answer

        shown = when(lambda: state()["status"] == "code", state)
        assert (len(shown["code"]), shown["display"]) == (8, f"{shown['code'][:4]}-{shown['code'][4:]}")
        assert 0 < shown["expires_in"] <= 180
        assert datetime.fromisoformat(shown["expires_at"]) > datetime.now(timezone.utc)
        assert shown["steps"][-1] == "Enter the code"
        status, text = fetch(f"{page}?token={token}")
        assert (status, "<title>Link the bot</title>" in text) == (200, True)
        if token:
            assert fetch(page)[0] == fetch(f"{page}api/pairing-code", "wrong")[0] == 401
        assert phone.enter(shown["code"]).linked
        assert when(lambda: state()["status"] == "connected", state) == {"status": "connected", "name": "Ada"}
        phone.unlink()
        assert when(lambda: state()["status"] == "stopped", state) == {"status": "stopped", "reason": "LOGGED_OUT"}
        assert bot.stop(signal.SIGINT) == 0


def test_a_dashboard_that_others_can_reach_needs_a_token(wa_sim: Simulator, tmp_path: Path) -> None:
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER, HOST="0.0.0.0", DASHBOARD_TOKEN="")
    with Program([str(EXAMPLES / "dashboard.py")], tmp_path, env) as bot:
        assert bot.wait() == 1
    assert "set DASHBOARD_TOKEN" in bot.errors


def test_the_group_helper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PHONE_NUMBER", NUMBER)
    monkeypatch.chdir(tmp_path)
    bot: Bot = runpy.run_path(str(EXAMPLES / "group_helper.py"))["bot"]
    renamed: list[str | None] = []

    @bot.on("group.update")
    def listen(update: GroupUpdate) -> None:
        if update.change == "subject":
            renamed.append(update.text)

    async def test() -> None:
        async with BotTester(bot) as t:
            ada, bob = await t.user("Ada"), await t.user("Bob")
            group = await t.group("Gardening", creator=ada)

            async def answer(text: str, by: Person = ada) -> Reply:
                await group.send(text, by=by)
                return await group.reply()

            assert (await answer("/rules")).text == "There are no rules yet: /rules Be kind"
            assert (await answer("/rules No slugs")).text == "👍"
            assert (await answer("/rules")).text == "No slugs"
            await group.add(bob)
            welcome = (await group.reply()).text or ""
            assert welcome.startswith("Welcome, @")
            assert welcome.endswith("!\nThe rules: No slugs")
            assert (await answer('/poll "Which day?" Monday Tuesday')).kind == "poll"
            assert (await answer("/poll never")).text == "A poll needs two answers or more."
            assert (await answer("/dice 2")).text in ("1", "2")
            assert (await answer("/remind 0.001 Take the cake out")).text == "⏰"
            assert (await group.reply()).text == "Reminder: Take the cake out"
            await group.send("/name Compost")
            await until(lambda: renamed)
            await group.send("hello", by=bob)
            await group.send("again", by=bob)
            await group.send("hello")
            assert (await answer("/top 2")).text == "1. Bob: 2\n2. Ada: 1"
            assert "/dice [sides] - Throws a die." in ((await answer("/help")).text or "")
            await t.send("hello")
            assert (await t.reply()).text == "I help in groups: add me to one and write /help there."

    run(test())
