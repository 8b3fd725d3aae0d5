"""What a bot can be told, from where, and what of it is refused."""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path

import pytest

from libwa.bot import Bot, EnvFileError, OptionError, PhoneNumberError, Retry, check_phone_number
from libwa.bot.dotenv import read_env
from libwa.bot.options import Given, Options, resolve

NUMBER = "628123456789"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a .env file or variables that happen to be there."""
    monkeypatch.chdir(tmp_path)
    for name in ("PHONE_NUMBER", "SESSION_ID", "LOGIN_METHOD", "SESSION_DIR", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("number", ["628123456789", "12025551234", "447911123456", "919876543210", "5511987654321"])
def test_numbers_that_are_taken(number: str) -> None:
    assert check_phone_number(number) == number
    assert Bot(phone_number=number).config.phone_number == number


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+628123456789", ['remove the "+"']),
        ("62 812 345 6789", ["remove the spaces"]),
        ("62-812-345-6789", ["remove the dashes"]),
        ("(62)8123456789", ["remove the parentheses"]),
        ("+62 812-345-6789", ['remove the "+"', "remove the spaces", "remove the dashes"]),
        ("08123456789", ["remove the leading 0", "country code"]),
        ("+08123456789", ['remove the "+"', "remove the leading 0"]),
        ("00628123456789", ["remove the leading 00"]),
        ("9876543", ["add the country code"]),
        ("6281234567890123", ["remove digits", "16", "15"]),
        ("62812x456789", ["not a digit"]),
        ("٦٢٨١٢٣٤٥٦٧٨٩", ["not a digit"]),
        ("447911123456\n", ["remove the spaces"]),
    ],
)
def test_numbers_that_are_not(number: str, said: list[str]) -> None:
    with pytest.raises(PhoneNumberError) as caught:
        Bot(phone_number=number)
    text = str(caught.value)
    assert text.startswith("Invalid phone number format")
    for part in said:
        assert part in text
    # The number itself is nobody's business who reads a log.
    assert number.strip() not in text


@pytest.mark.parametrize("number", [None, "", "  "])
def test_a_number_is_required(number: str | None) -> None:
    with pytest.raises(PhoneNumberError, match=r"^Phone number is required"):
        Bot(phone_number=number)


def test_a_number_is_a_text() -> None:
    with pytest.raises(PhoneNumberError, match="give it as text, not as int"):
        Bot(phone_number=628123456789)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_qr_needs_no_number() -> None:
    assert Bot(login_method="qr").config.phone_number is None
    with pytest.raises(PhoneNumberError):
        Bot(login_method="qr", phone_number="+1")


def test_defaults() -> None:
    config = Bot(phone_number=NUMBER).config
    assert config == Options(
        login_method="pairing",
        phone_number=NUMBER,
        session_id="default",
        session_dir=Path("sessions"),
        browser=None,
        logger=logging.getLogger("libwa.bot"),
        log_level=None,
        display="auto",
        code_expiry=None,
        code_reminder=15.0,
        retry=Retry(),
        prefix="/",
        concurrency=32,
        backlog=1000,
        handler_timeout=None,
        stop_timeout=10.0,
        library={"client.version": "auto"},
    )
    assert config.session_file == Path("sessions/default.db")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.session_id = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert NUMBER not in repr(config)


def test_every_argument_arrives() -> None:
    logger = logging.getLogger("mine")
    config = Bot(
        login_method="qr",
        phone_number=NUMBER,
        session_id="pairing-session",
        session_dir="/somewhere",
        browser=("MyBot", "firefox", "2.1"),
        logger=logger,
        log_level="debug",
        env_file=None,
        display="plain",
        code_expiry=60,
        code_reminder=5,
        retry=Retry(max=1, delay=0),
        prefix="!",
        concurrency=2,
        backlog=3,
        handler_timeout=4,
        stop_timeout=6,
        config={"iq.timeout_ms": 5000, "pairing.auto_refresh": True},
    ).config
    assert config == Options(
        login_method="qr",
        phone_number=NUMBER,
        session_id="pairing-session",
        session_dir=Path("/somewhere"),
        browser=("MyBot", "Firefox", "2.1"),
        logger=logger,
        log_level=logging.DEBUG,
        display="plain",
        code_expiry=60,
        code_reminder=5,
        retry=Retry(max=1, delay=0),
        prefix="!",
        concurrency=2,
        backlog=3,
        handler_timeout=4,
        stop_timeout=6,
        library={
            "client.version": "auto",
            "device.name": "MyBot",
            "device.platform": "firefox",
            "pairing.code_ttl_ms": "60000",
            "iq.timeout_ms": "5000",
            "pairing.auto_refresh": "true",
        },
    )
    assert logger.level == logging.DEBUG


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"login_method": "sms"}, 'login_method is "pairing" or "qr"'),
        ({"session_id": "../secrets"}, "session_id"),
        ({"session_id": ".hidden"}, "session_id"),
        ({"session_id": "x" * 65}, "session_id"),
        ({"browser": ("MyBot", "Netscape", "1")}, "one of Chrome, Edge, Firefox, Opera, Safari, Desktop"),
        ({"browser": ("MyBot", "Chrome")}, "three texts"),
        ({"browser": ("", "Chrome", "1")}, "three texts"),
        ({"log_level": "loud"}, "log_level is one of"),
        ({"display": "hologram"}, "display is"),
        ({"code_expiry": 0.5}, "from 1 to 180"),
        ({"code_expiry": 181}, "from 1 to 180"),
        ({"concurrency": 0}, "concurrency is at least 1"),
        ({"backlog": 0}, "backlog is from 1 to 1000000"),
        ({"backlog": 1_000_001}, "backlog is from 1 to 1000000"),
        ({"backlog": 10.5}, "backlog is a whole number"),
        ({"backlog": True}, "backlog is a number"),
        ({"backlog": "10"}, "backlog is a number"),
        ({"concurrency": "many"}, "concurrency is a number"),
        ({"prefix": " "}, "prefix"),
        ({"prefix": "my bot"}, "prefix"),
        ({"prefix": ["/", "!"]}, "prefix"),
        ({"retry": 3}, r"Retry\(max=3\)"),
        ({"retry": False}, "retry is a Retry"),
        ({"logger": "mine"}, "logging.getLogger"),
        ({"log_level": 1.5}, "log_level is one of"),
        ({"code_expiry": "60"}, "code_expiry is a number"),
        ({"code_expiry": float("nan")}, "from 1 to 180"),
        ({"code_reminder": -1}, "code_reminder is at least 0"),
        ({"code_reminder": None}, "code_reminder is a number"),
        ({"handler_timeout": 0}, "handler_timeout is above 0"),
        ({"handler_timeout": float("nan")}, "handler_timeout is above 0"),
        ({"handler_timeout": True}, "handler_timeout is a number"),
        ({"handler_timeout": "30s"}, "handler_timeout is a number"),
        ({"stop_timeout": -0.1}, "stop_timeout is at least 0"),
        ({"stop_timeout": float("inf")}, "stop_timeout is at least 0"),
        ({"stop_timeout": float("nan")}, "stop_timeout is at least 0"),
        ({"stop_timeout": 10**400}, "stop_timeout is at least 0, not infinity"),
        ({"stop_timeout": None}, "stop_timeout is a number"),
        ({"session_id": 7}, "session_id"),
        ({"session_id": "two words"}, "session_id"),
        ({"session_id": "new\nline"}, "session_id"),
        ({"session_dir": 7}, "session_dir"),
        ({"session_dir": "/dev/null"}, "session_dir is a folder"),
        ({"browser": "abc"}, "three texts"),
        ({"browser": 5}, "three texts"),
        ({"browser": ("x" * 65, "Chrome", "1")}, "device.name"),
        ({"browser": ("my\nbot", "Chrome", "1")}, "device.name"),
        ({"env_file": 5}, "env_file"),
        ({"config": ["proxy.url"]}, "config is a dictionary"),
        ({"config": {"proxy.uri": "x"}}, "did you mean 'proxy.url'"),
        ({"config": {"proxy.url": None}}, "the value of 'proxy.url'"),
        ({"config": {"proxy.url": "nowhere"}}, "proxy.url"),
        ({"config": {"proxy.url": "http://a\0b"}}, "proxy.url"),
        ({"config": {"iq.timeout_ms": "soon"}}, "iq.timeout_ms"),
    ],
)
def test_options_that_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Bot(phone_number=NUMBER, **given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_limit_that_is_none() -> None:
    for limit in (None, float("inf")):
        assert Bot(phone_number=NUMBER, handler_timeout=limit).config.handler_timeout is None


def test_a_retry_that_is_refused() -> None:
    refused: list[tuple[str, object]] = [("max", -1), ("delay", -1.0), ("backoff", 0.5), ("longest", -1.0), ("max", 1.5)]
    refused += [("max", "2"), ("delay", float("nan")), ("backoff", None), ("longest", float("inf"))]
    for name, value in refused:
        with pytest.raises(OptionError, match="a Retry takes"):
            Retry(**{name: value})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_retries_wait_longer_and_longer_and_never_less_than_asked() -> None:
    retry = Retry(max=3, delay=2, backoff=3, longest=100)
    assert [retry.wait(failed, None) for failed in (1, 2, 3, 4)] == [2, 6, 18, None]
    assert retry.wait(1, 60) == 60
    assert retry.wait(3, 1) == 18
    assert retry.wait(1, 101) is None
    assert [retry.wait_uncounted(times, None) for times in (1, 2, 3, 4, 99)] == [2, 6, 18, 54, 60]
    assert retry.wait_uncounted(1, 70) == 70
    assert retry.wait_uncounted(1, 101) is None
    assert Retry(max=0).wait(1, None) is None


def test_precedence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "PHONE_NUMBER=12025550001\nSESSION_ID=file\nLOGIN_METHOD=qr\nSESSION_DIR=from-file\nLOG_LEVEL=error\n"
        "LIBWA_PROXY_URL=http://file:1\nLIBWA_IQ_TIMEOUT_MS=1000\nLIBWA_NO_SUCH_KEY=1\n"
    )
    environment = {"PHONE_NUMBER": "12025550002", "SESSION_ID": "environment", "LIBWA_IQ_TIMEOUT_MS": "2000", "SESSION_DIR": ""}

    of_file = resolve(Given(), {})
    assert (of_file.phone_number, of_file.session_id, of_file.login_method) == ("12025550001", "file", "qr")
    assert (of_file.session_dir, of_file.log_level) == (Path("from-file"), logging.ERROR)
    assert (of_file.library["proxy.url"], of_file.library["iq.timeout_ms"]) == ("http://file:1", "1000")
    assert set(of_file.library) == {"client.version", "iq.timeout_ms", "proxy.url"}

    of_environment = resolve(Given(), environment)
    assert (of_environment.phone_number, of_environment.session_id) == ("12025550002", "environment")
    assert (of_environment.login_method, of_environment.library["iq.timeout_ms"]) == ("qr", "2000")
    # A variable that is empty counts as none.
    assert of_environment.session_dir == Path("from-file")

    given = Given(phone_number=NUMBER, session_id="argument", login_method="pairing", config={"iq.timeout_ms": 3000})
    of_argument = resolve(given, environment)
    assert (of_argument.phone_number, of_argument.session_id, of_argument.login_method) == (NUMBER, "argument", "pairing")
    assert of_argument.library["iq.timeout_ms"] == "3000"

    assert resolve(Given(env_file=None, phone_number=NUMBER), {}).session_id == "default"
    assert resolve(Given(env_file=".env", phone_number=NUMBER), {"SESSION_ID": ""}).session_id == "file"


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONE_NUMBER", NUMBER)
    monkeypatch.setenv("SESSION_ID", "mine")
    bot = Bot()
    assert (bot.config.phone_number, bot.config.session_id) == (NUMBER, "mine")
    monkeypatch.setenv("PHONE_NUMBER", "+62")
    with pytest.raises(PhoneNumberError):
        Bot()


def test_env_files(tmp_path: Path) -> None:
    file = tmp_path / "some.env"
    file.write_text(
        "\ufeff# a comment\n\nPLAIN=value\nexport EXPORTED = spaced out  \nSINGLE='as # it \\n is'\n"
        'DOUBLE="a\\tb \\"c\\" \\\\ # no comment" # a comment\nEMPTY=\nCOMMENTED=value # why\nHASH=a#b\nURL=http://u:p@host:1/?a=b\n',
        encoding="utf-8",
    )
    assert read_env(file) == {
        "PLAIN": "value",
        "EXPORTED": "spaced out",
        "SINGLE": "as # it \\n is",
        "DOUBLE": 'a\tb "c" \\ # no comment',
        "EMPTY": "",
        "COMMENTED": "value",
        "HASH": "a#b",
        "URL": "http://u:p@host:1/?a=b",
    }
    with pytest.raises(FileNotFoundError):
        read_env(tmp_path / "missing")
    for wrong in ("no equals sign", "1NUMBER=x", "OPEN='x", 'OPEN="x', "TWO='a' b"):
        file.write_text(f"GOOD=1\n{wrong}\n")
        with pytest.raises(EnvFileError, match="line 2") as caught:
            read_env(file)
        assert wrong not in str(caught.value)


def test_a_file_of_variables_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    def said(file: Path) -> str:
        with pytest.raises(EnvFileError) as caught:
            Bot(phone_number=NUMBER, env_file=file)
        assert str(file) in str(caught.value)
        return str(caught.value)

    folder, file = tmp_path / "folder", tmp_path / "some.env"
    folder.mkdir()
    assert "is a folder" in said(folder)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        file.write_text("SESSION_ID=mine\n", encoding=encoding)
        assert "is UTF-16" in said(file)
        assert "save it as UTF-8" in said(file)
    file.write_bytes(bytes(100))
    assert "is no text file" in said(file)
    file.write_text("#" * (1024 * 1024 + 1))
    assert "more than 1024 KiB" in said(file)
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    assert "is no regular file" in said(pipe)
    assert "is no regular file" in said(link)
    file.write_bytes("SESSION_ID=mine\nNAME=Zoë\n".encode("latin-1"))
    text = said(file)
    assert "line 2" in text
    assert "save the file as UTF-8" in text
    assert "Zo" not in text
    # One that was named has to be there, and the usual one need not.
    assert "there is no such file" in said(tmp_path / "none.env")
    assert Bot(phone_number=NUMBER).config.session_id == "default"
    (tmp_path / ".env").mkdir()
    with pytest.raises(EnvFileError, match="is a folder"):
        Bot(phone_number=NUMBER)


def test_variables_that_are_no_keys_are_told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("LIBWA_PROXI_URL", "LIBWA_STORE_URL", "LIBWA_SESSION_ID", "LIBWA_WHATEVER", "LIBWA_PATH", "LIBWA_IQ_TIMEOUT_MS")
    environment = {name: "5000" for name in names}
    assert resolve(Given(phone_number=NUMBER), environment).library["iq.timeout_ms"] == "5000"
    logged = [record.getMessage() for record in caplog.records]
    assert logged == [
        "the variable LIBWA_PROXI_URL is not read: did you mean LIBWA_PROXY_URL?",
        "the variable LIBWA_STORE_URL is not read: set SESSION_DIR",
        "the variable LIBWA_SESSION_ID is not read: set SESSION_ID",
        "the variable LIBWA_WHATEVER is not read: the library has no such key",
    ]
    with pytest.raises(OptionError, match=r"iq\.timeout_ms"):
        resolve(Given(phone_number=NUMBER), {"LIBWA_IQ_TIMEOUT_MS": "soon"})
