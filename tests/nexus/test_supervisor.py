"""Programs side by side: output, endings, and that nothing is left behind."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nexus.supervisor import Service, Supervisor

ROOT = Path(__file__).resolve().parents[2]
SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
# Starts a child of its own that ignores SIGTERM, and prints its process id.
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""
SUPERVISE = f"""
import sys, time
from nexus.supervisor import Service, Supervisor, stop_with_parent
if "with-parent" in sys.argv:
    stop_with_parent(interval=0.05)
supervisor = Supervisor([Service("one", [sys.executable, "-c", {SLEEP!r}])], output=sys.stdout)
supervisor.start()
print("child", supervisor._processes[0][1].pid, flush=True)
try:
    time.sleep(60)
finally:
    supervisor.stop()
"""


def python(name: str, code: str) -> Service:
    return Service(name, [sys.executable, "-c", code])


def wait_until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture
def supervise():
    started: list[Supervisor] = []

    def start(*services: Service) -> tuple[Supervisor, io.StringIO]:
        output = io.StringIO()
        supervisor = Supervisor(services, output=output)
        started.append(supervisor)
        supervisor.start()
        return supervisor, output

    yield start
    for supervisor in started:
        supervisor.stop(grace=0)


def test_every_line_carries_its_services_name(supervise):
    supervisor, output = supervise(
        python("api", "print('first'); import sys; print('second', file=sys.stderr)"),
        python("worker", "print('third')"),
    )
    wait_until(lambda: output.getvalue().count("\n") == 3)
    supervisor.stop()
    assert set(output.getvalue().splitlines()) == {
        "api    | first",
        "api    | second",
        "worker | third",
    }


def test_tells_which_service_ended_and_how(supervise):
    supervisor, _ = supervise(python("api", SLEEP), python("worker", "raise SystemExit(3)"))
    wait_until(lambda: supervisor.ended() is not None)
    assert supervisor.ended() == ("worker", 3)


def test_stopping_ends_those_that_would_go_on_too(supervise):
    supervisor, output = supervise(python("meek", SLEEP), python("deaf", STUBBORN))
    wait_until(lambda: output.getvalue().count("up") == 2)
    assert supervisor.stop(grace=0.5) == ["deaf"]
    assert supervisor.ended() is not None


def test_stopping_ends_the_services_own_children(supervise):
    supervisor, output = supervise(python("api", PARENT))
    wait_until(lambda: "|" in output.getvalue())
    grandchild = int(output.getvalue().split("|")[1])
    assert is_alive(grandchild)
    supervisor.stop()
    wait_until(lambda: not is_alive(grandchild))


def test_a_killed_supervisor_leaves_no_service():
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = next(int(line.split()[1]) for line in process.stdout if line.startswith("child"))
    process.kill()
    process.communicate()
    wait_until(lambda: not is_alive(child))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_follows_the_make_that_ran_it(tmp_path, number):
    (tmp_path / "run.py").write_text(SUPERVISE)
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {sys.executable} run.py with-parent\n")
    make = subprocess.Popen(
        ["make", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert make.stdout is not None
    child = next(int(line.split()[1]) for line in make.stdout if line.startswith("child"))
    make.send_signal(number)
    wait_until(lambda: not is_alive(child))
    make.communicate(timeout=10)
