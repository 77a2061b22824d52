"""STAC-GeoParquet: so many files, the items spread evenly over them."""

from itertools import pairwise
from pathlib import Path

from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.config.corpus_kinds import CorpusKind
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.items import ItemFactory
from ingest_bench.corpora.parts import Part

PART = "part-{:05}.parquet"


def build(corpus: Corpus, seed: int, folder: Path, workers: int) -> Part:
    """Write the items of a corpus into `corpus.files` files of `folder`."""
    from ingest_bench.corpora.geoparquet_files import write_files  # noqa: PLC0415 - loads Arrow

    count, files = corpus.items or 0, corpus.files or 1
    bounds = [count * number // files for number in range(files + 1)]
    tasks = [(PART.format(number), range(start, stop)) for number, (start, stop) in enumerate(pairwise(bounds))]
    return write_files(ItemFactory(seed, corpus.item_kb), folder, tasks, workers)


KIND = CorpusKind(
    name="geoparquet",
    description="STAC-GeoParquet in one or more files",
    layout=LAYOUTS["geoparquet"],
    build=build,
    options=("files",),
    part=PART,
)
