"""Work that several processes share, with the same results whatever their number."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(do: Callable[[T], R], of: Sequence[T], workers: int, chunk: int = 1) -> Iterator[R]:
    """Give the results in order.

    Args:
        do: what is done with each; a function of a module, or a partial one.
        of: what there is to do.
        workers: processes; with one it is done in this one.
        chunk: how many a process takes at a time.

    """
    if workers == 1:
        yield from map(do, of)
        return
    # Not `spawn`: it imports the main script anew, and a Snakemake script does its work when imported.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        yield from pool.map(do, of, chunksize=chunk)
