"""What fits on a narrow screen: nothing that one needs is cut off."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from tests.cli.mesh import environment

ROOT = Path(__file__).parents[2]
WIDTH = 80


def on_a_screen(settings: Settings, *words: str) -> list[str]:
    """The lines that ``mesh WORDS`` shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "mesh_orchestration.cli", *words],
        env=environment(settings, TERM="dumb"), stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # Linux says so when the other side has closed the terminal
        pass
    finally:
        os.close(ours)
        process.wait(timeout=60)
    return shown.decode().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("words", [("status",), ("show", "orders.order_lines"), ("compliance",), ("policy", "list")])
def test_tables_are_folded_and_not_cut_off(tmp_path: Path, words: tuple[str, ...]) -> None:
    lines = on_a_screen(Settings(root=ROOT, home=tmp_path), *words)
    assert len(lines) > 10
    assert [line for line in lines if len(line) > WIDTH or "…" in line] == []


@pytest.mark.slow
def test_status_keeps_addresses_whole_and_leaves_snapshots_to_show(tmp_path: Path) -> None:
    settings = Settings(root=ROOT, home=tmp_path)
    text = "\n".join(on_a_screen(settings, "status"))
    assert [str(address) for address in load_mesh(settings).products if f" {address} " not in text] == []
    assert "snapshot" not in text
