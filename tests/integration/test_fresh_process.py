"""A process that goes on as a fresh one of the same command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="processes go on as fresh ones on Linux alone")

BEGUN = """
import fcntl, os, signal, sys
from stac_ingest.core.fresh_process import go_on_as_fresh, taken_over

def lock(path):
    number = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return number

def is_locked(path):
    try:
        os.close(lock(path))
    except BlockingIOError:
        return True
    return False

"""
FRESH = """
handed_over = taken_over(bytes)
print(os.getpid(), handed_over, sys.argv[1:], is_locked("lock"), is_locked("other"), flush=True)
if handed_over is None:
    kept, _ = lock("lock"), lock("other")
    large = bytearray(1 << 28)
    go_on_as_fresh(b"\\xff\\n", [kept])
    print("not reached")
print(taken_over(bytes), [name for name in os.environ if "HANDED" in name])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) < 1 << 18)
"""
NOT_READ = """
is_fresh = "STAC_INGEST_HANDED_OVER" in os.environ
taken_over(lambda text: print(text, is_locked("lock"), flush=True))
print(is_locked("lock"), flush=True)
if not is_fresh:
    go_on_as_fresh(b"text", [lock("lock")])
"""
INTERRUPTED = """
if "STAC_INGEST_HANDED_OVER" not in os.environ:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    go_on_as_fresh(b"text", [])
os.kill(os.getpid(), signal.SIGINT)
print("begun", flush=True)
try:
    taken_over(bytes)
except KeyboardInterrupt:
    print("interrupted")
"""
NAMED = """
handed_over = taken_over(bytes)
print(open("/proc/self/comm").read().strip(), flush=True)
if handed_over is None:
    go_on_as_fresh(b"text", [])
"""
CANT = """
{what}
before = dict(os.environ), sorted(os.listdir("/proc/self/fd"))
kept = lock("lock")
go_on_as_fresh(b"text", [kept])
os.close(kept) if not os.get_inheritable(kept) else print("would be inherited")
is_blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
print((dict(os.environ), sorted(os.listdir("/proc/self/fd"))) == before, is_blocked, taken_over(bytes))
"""


def run(code, folder, *arguments, **variables):
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", BEGUN + code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **variables},
    )


def test_what_goes_on(tmp_path):
    """It has the number, the arguments, what was handed over and the lock that is kept: none other, and no memory."""
    ended = run(FRESH, tmp_path, "one", "-two")
    assert ended.stderr == ""
    (before, *handed), (after, *taken), again, is_smaller = map(str.split, ended.stdout.splitlines())
    assert before == after
    assert " ".join(handed) == "None ['one', '-two'] False False"
    assert " ".join(taken) == r"b'\xff\n' ['one', '-two'] True False"
    assert again == ["None", "[]"]
    assert is_smaller == ["True"]


def test_the_name_of_a_script(tmp_path):
    """Who looks for the process by the name of its script finds it, too, after it has begun anew."""
    script = tmp_path / "some:script"
    script.write_text(f"#!{sys.executable}\n{BEGUN}{NAMED}")
    script.chmod(0o700)
    assert subprocess.run([script], check=True, capture_output=True, text=True).stdout == "some:script\n" * 2


@pytest.mark.parametrize(
    "what",
    [
        "sys.executable = None",
        "sys.executable = '/gone/python'",
        "del os.memfd_create",
        "sys.argv[0] = 'gone.py'",
        "sys.argv[1:] = ['another']",
        "import pathlib; pathlib.Path.readlink = pathlib.Path('gone').stat",
        "os.close(0)",
    ],
)
def test_where_it_cant(tmp_path, what):
    """The process goes on as it was."""
    ended = run(CANT.format(what=what), tmp_path)
    assert (ended.stdout, ended.stderr) == ("True False None\n", "")


def test_what_cant_be_read(tmp_path):
    """What is locked is free again in a fresh process that makes nothing of what it was handed."""
    ended = run(NOT_READ, tmp_path)
    assert (ended.stdout, ended.stderr) == ("False\nb'text' True\nFalse\n", "")


def test_interrupted_while_it_begins(tmp_path):
    """Ctrl-C waits until the fresh process takes over, which can say so then."""
    ended = run(INTERRUPTED, tmp_path)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("begun\ninterrupted\n", "", 0)


def test_a_program_that_can_be_read_once(tmp_path):
    """A program that came through a pipe, which is empty then, goes on as it is."""
    ended = subprocess.run(
        [sys.executable, "-"],
        check=False,
        capture_output=True,
        text=True,
        input=BEGUN + "go_on_as_fresh(b'', [])\nprint('goes on')",
        cwd=tmp_path,
    )
    assert (ended.stdout, ended.stderr) == ("goes on\n", "")


@pytest.mark.parametrize("number", ["x", "", "987654", "9" * 30, "-1", "1", "1,2", ","])
def test_a_variable_that_says_nothing(tmp_path, number):
    """Who sets the variable to something else hands nothing over."""
    ended = run("print(taken_over(bytes))", tmp_path, STAC_INGEST_HANDED_OVER=number)
    assert (ended.stdout, ended.stderr) == ("None\n", "")
