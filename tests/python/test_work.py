# SPDX-License-Identifier: Apache-2.0
"""Long work: Ctrl-C, progress, threads, processes and memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import osteosome

SLOW = {"until": "24 months", "every": "1 month", "observe": "LS", "age": "65 years", "dose": "teriparatide 20 ug sc daily for 24 months"}
VARY = {"osteoclast.estrogen_rankl": {"kind": "lognormal", "cv": 0.2}}


def test_ctrl_c_ends_it() -> None:
    script = f"import osteosome; print('go', flush=True); osteosome.simulate('osteosome', population=osteosome.Population(20000, vary={VARY!r}), **{SLOW!r})"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "go\n"
    time.sleep(3)
    start = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    assert time.monotonic() - start < 30


def test_progress_is_told_and_may_stop_it() -> None:
    seen: list[tuple[int, int]] = []
    osteosome.simulate("osteosome", population=osteosome.Population(40, vary=VARY), progress=lambda done, total: seen.append((done, total)), **SLOW)
    assert seen and seen == sorted(seen) and seen[-1] == (40, 40)

    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        osteosome.simulate("osteosome", population=osteosome.Population(2000, vary=VARY), progress=stop, **SLOW)


def test_a_bar_of_tqdm(capfd: pytest.CaptureFixture[str], decay: Path) -> None:
    osteosome.simulate(decay, population=osteosome.Population(5, vary={"k": {"kind": "lognormal", "cv": 0.1}}), until="1 h", progress=True)
    assert "subject" in capfd.readouterr().err


def test_other_threads_go_on() -> None:
    ticks = 0
    over = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not over.wait(0.01):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    osteosome.simulate("osteosome", population=osteosome.Population(40, vary=VARY), **SLOW)
    seconds = time.monotonic() - start
    over.set()
    thread.join()
    assert ticks > 10 * seconds  # of 100 a second, beside two threads that compute


def test_several_threads_may_simulate(decay: Path) -> None:
    alone = osteosome.simulate(decay, until="3 h")["x"].tolist()
    with ThreadPoolExecutor(4) as pool:
        for values in pool.map(lambda _: osteosome.simulate(decay, until="3 h")["x"].tolist(), range(16)):
            assert values == alone


def _child(path: str) -> list[float]:
    return osteosome.simulate(path, until="3 h")["x"].tolist()  # type: ignore[index, no-any-return]


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_processes_may_simulate(decay: Path, way: str) -> None:
    alone = osteosome.simulate(decay, until="3 h")["x"].tolist()  # the parent has used it before
    with multiprocessing.get_context(way).Pool(2) as pool:
        assert pool.map(_child, [str(decay)] * 4) == [alone] * 4


def test_memory_is_given_back(decay: Path) -> None:
    """A thousand simulations, after fifty: less than 4 kB each."""

    def some(n: int) -> None:
        for _ in range(n):
            osteosome.simulate(decay, until="3 h").arrow()

    some(50)
    before = _resident()
    some(1000)
    assert _resident() - before < 1000 * 4096


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    """Ctrl-C leaves finished blocks; the same call ends where it would have ended."""
    text = SCENARIO
    whole = osteosome.Scenario.from_text(text).run(tmp_path / "whole")
    calls = 0

    def stop(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if done > total // 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        osteosome.Scenario.from_text(text).run(tmp_path / "halves", progress=stop)
    assert (tmp_path / "halves" / "parts").is_dir() and os.listdir(tmp_path / "halves" / "parts")
    assert osteosome.Scenario.from_text(text).run(tmp_path / "halves").values_sha256 == whole.values_sha256


SCENARIO = """
[scenario]
title = "many women"
question = "a test"
until = "12 months"
every = "6 months"
[patient]
age = "65 years"
[models.osteosome]
[arms.teriparatide]
regimen = "teriparatide 20 ug sc daily for 12 months"
[population]
n = 150
[population.parameters.osteosome]
"osteoclast.estrogen_rankl" = { kind = "lognormal", cv = 0.2 }
"""
