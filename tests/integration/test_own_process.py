"""A process of the command's own: Ctrl-C while it gets ready and while it works, and its allocator."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys

import pytest

BEGUN = """
import os, signal
from stac_ingest.core.own_process import begin_process, begin_work

class Interrupting:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGINT)

begin_process()
"""
IMPORTED = """
class Owner:
    field = Interrupting()

print("went on")
"""
AT_WORK = """
begin_work()
try:
    os.kill(os.getpid(), signal.SIGINT)
    print("went on")
except KeyboardInterrupt:
    print("raised")
"""


def run(code: str, *, ignoring: bool = False) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, which may ignore Ctrl-C as a shell's background jobs do."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if ignoring else signal.getsignal(signal.SIGINT)
    try:
        return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def test_interrupted_while_it_imports() -> None:
    """The process ends by the signal, from the middle of a class as well, and prints no traceback."""
    ended = run(BEGUN + IMPORTED)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_interrupted_at_work() -> None:
    """Then an exception is raised, so that what was read is written, and a message says how to go on."""
    ended = run(BEGUN + AT_WORK)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "raised\n", "")


@pytest.mark.parametrize("code", [IMPORTED, AT_WORK])
def test_who_ignores_interrupts_goes_on_to_do_so(code: str) -> None:
    """Ctrl-C in a shell isn't meant for its background jobs."""
    ended = run(BEGUN + code, ignoring=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "went on\n", "")


MAPPED = """
import ctypes
from stac_ingest.core.own_process import begin_work

class Info(ctypes.Structure):  # what `mallinfo2` gives
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
library.mallinfo2.restype = Info
begin_work()
before = library.mallinfo2().hblkhd
library.free(library.malloc(16 << 20))
block = library.malloc(8 << 20)
print((library.mallinfo2().hblkhd - before) >> 20)
"""


OF_GNU = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="another C library than GNU's")


def printed(code: str, variables: dict[str, str]) -> str:
    """Run code, without what the environment says of the allocator but for some variables; return what it prints."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env={**known, **variables}
    )
    assert ended.stderr == ""
    return ended.stdout


@OF_GNU
@pytest.mark.parametrize(("variables", "mib"), [({}, 8), ({"MALLOC_ARENA_MAX": "8"}, 0)])
def test_large_blocks_stay_apart_from_the_heap(variables: dict[str, str], mib: int) -> None:
    """One of 8 MiB is not of the heap after a larger one was freed, unless the user has settings of the allocator."""
    assert printed(MAPPED, variables) == f"{mib}\n"


HEAPS = """
import ctypes, tempfile, threading
from stac_ingest.core.own_process import begin_work

library = ctypes.CDLL(None)
library.malloc.restype = library.fopen.restype = ctypes.c_void_p
library.fclose.argtypes, library.malloc_info.argtypes = [ctypes.c_void_p], [ctypes.c_int, ctypes.c_void_p]
begin_work()
for _ in range(3):
    thread = threading.Thread(target=library.malloc, args=[100_000])
    thread.start()
    thread.join()
with tempfile.NamedTemporaryFile() as file:
    stream = library.fopen(file.name.encode(), b"w")
    library.malloc_info(0, stream)
    library.fclose(stream)
    print(file.read().count(b"<heap nr="))
"""


@OF_GNU
@pytest.mark.parametrize(("variables", "heaps"), [({}, 1), ({"MALLOC_ARENA_MAX": "2"}, 2)])
def test_threads_have_one_heap(variables: dict[str, str], heaps: int) -> None:
    """What a thread takes is of the heap of all, unless the user has settings of the allocator."""
    assert printed(HEAPS, variables) == f"{heaps}\n"
