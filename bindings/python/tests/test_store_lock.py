"""One program at a time uses a store, whatever the host does with its files."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
from pathlib import Path

from conftest import output_of, script

import libwa
from libwa import _load, errors

OPEN = """
try:
    libwa.SyncClient(config=config).close()
    print("opened")
except libwa.errors.StoreLockedError:
    print("locked")
"""


def elsewhere(config: dict[str, str]) -> str:
    """What another program comes to that opens the store."""
    return output_of(script(OPEN, config=config)).strip()


def test_a_host_that_copies_its_folder_keeps_its_store(config: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    config["store.url"] = f"sqlite:{folder / 'session.db'}"
    with libwa.SyncClient(config=config):
        for file in folder.iterdir():
            shutil.copy(file, tmp_path)
            assert elsewhere(config) == "locked", file
        shutil.copytree(folder, tmp_path / "backup")
        assert elsewhere(config) == "locked"
    assert elsewhere(config) == "opened"


def test_another_copy_of_the_library_in_the_process_is_kept_out(config: dict[str, str], tmp_path: Path) -> None:
    original = Path(_load.load()._name)
    copy = tmp_path / "another.so"
    shutil.copy(original, copy)
    other = ctypes.CDLL(str(copy), mode=os.RTLD_NOW | os.RTLD_LOCAL)
    other.wa_config_new.restype = ctypes.c_void_p
    new_client, made = other.wa_client_new, ctypes.c_void_p()
    with libwa.SyncClient(config=config):
        its_config = ctypes.c_void_p(other.wa_config_new())
        url = config["store.url"].encode()
        assert other.wa_config_set(its_config, b"store.url", url, None) == 0
        assert other.wa_config_set(its_config, b"session.id", b"another", None) == 0
        status = new_client(its_config, None, ctypes.byref(made), None)
    assert status == errors.StoreLockedError.code
    other.wa_config_free(its_config)


def test_a_forked_child_does_not_keep_the_store(config: dict[str, str]) -> None:
    source = """
import time, warnings
warnings.simplefilter('ignore')  # of forking with threads, which is the point
client = libwa.SyncClient(config=config)
child = os.fork()
if child == 0:
    for stream in (0, 1, 2):
        os.close(stream)
    time.sleep(600)
print(child, flush=True)
client.close()
print("closed", flush=True)
"""
    child = int(output_of(script(source, config=config)).splitlines()[0])
    try:
        assert elsewhere(config) == "opened"
        os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
