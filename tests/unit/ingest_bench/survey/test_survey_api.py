"""Looking at an API: what is asked, how often, and what is asked for before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest_bench.config.models import Corpus
from ingest_bench.config.server import Server
from ingest_bench.corpora.builder import build
from ingest_bench.errors import SettingsError
from ingest_bench.simulator.process import SimulatorProcess
from ingest_bench.survey import MeasureRequest, survey_source
from ingest_bench.survey.apis import LOOKS
from ingest_bench.survey.matrix import SAMPLES, sample_limit

COLLECTION, ITEMS = "sentinel-2-l2a", 3000


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Serve items over three years or so."""
    folder = tmp_path_factory.mktemp("survey") / "api"
    build("api", Corpus(kind="api", items=ITEMS), 3, folder, folder.with_suffix(".json"), 1)
    with SimulatorProcess(folder, Server(), 3) as server:
        yield server


def look(api: SimulatorProcess, results: Path, *, asks: bool = True, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """Look at the API; return the configuration, and what was said."""
    said: list[str] = []
    given = {"source": api.url, "collection": COLLECTION, "results": str(results), **more}
    return survey_source(MeasureRequest.parse(given), said.append, asks=asks), said


def test_an_api_of_this_machine_is_asked_without_a_budget(api: SimulatorProcess, tmp_path: Path) -> None:
    """A loopback API is counted in few requests, and all that were sent are counted, as the server saw them."""
    api.reset()
    config, _ = look(api, tmp_path)
    assert config["whole"]["items"] == ITEMS
    assert config["whole"]["requests"] == api.stats().requests <= LOOKS
    assert "total_requests" not in config["remote"]
    assert {"sequential", "large_pages", "time_chunks"} <= config["scenarios"]["source"]["arms"].keys()


def test_a_strangers_api_is_not_asked_unless_allowed(api: SimulatorProcess, tmp_path: Path) -> None:
    """Without leave, and in a dry run, no request is sent at all; the error says how to give leave."""
    api.reset()
    with pytest.raises(SettingsError, match="requests=300"):
        look(api, tmp_path, as_remote=True)
    with pytest.raises(SettingsError, match="dry run"):
        look(api, tmp_path, as_remote=True, requests=500, asks=False)
    assert api.stats().requests == 0


def test_the_budget_is_told_before_anything_is_asked(api: SimulatorProcess, tmp_path: Path) -> None:
    """What may be sent is said first; samples together may send no more than is left of it."""
    api.reset()
    asked_before: list[int] = []
    request = MeasureRequest.parse(
        {"source": api.url, "collection": COLLECTION, "results": str(tmp_path), "as_remote": True, "requests": 300}
    )

    def say(line: str) -> None:
        if "300 requests at most" in line:
            asked_before.append(api.stats().requests)

    config = survey_source(request, say)
    assert asked_before == [0]
    looked = api.stats().requests
    assert config["remote"]["total_requests"] == 300 - looked
    assert SAMPLES * config["remote"]["max_requests"] <= 300 - looked
    assert config["remote"]["max_in_flight"] <= 4


def test_too_small_a_budget_is_refused_with_the_least_that_does(api: SimulatorProcess, tmp_path: Path) -> None:
    """A budget that can't give every way its pairs isn't begun: the error names one that can, and that one can."""
    with pytest.raises(SettingsError, match=r"requests=(\d+)") as caught:
        look(api, tmp_path / "few", as_remote=True, requests=40)
    least = int(str(caught.value).partition("requests=")[2].partition(")")[0])
    config, _ = look(api, tmp_path / "least", as_remote=True, requests=least + LOOKS)
    assert config["remote"]["max_requests"] >= sample_limit(1)


def test_a_stretch_of_time_is_chosen_of_a_large_collection(api: SimulatorProcess, tmp_path: Path) -> None:
    """Samples of a large collection read a time chosen by the seed, with about as many items as they may have."""
    windows = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        config, _ = look(api, tmp_path / name, as_remote=True, requests=300, seed=seed)
        corpus = config["corpora"]["source"]
        windows.append(corpus.get("datetime"))
        assert "chosen by lot" in config["whole"]["part"]
    assert windows[0] == windows[1] != windows[2]


def test_an_api_is_looked_at_once(api: SimulatorProcess, tmp_path: Path) -> None:
    """The same request takes what was found before, and asks the server nothing."""
    first, _ = look(api, tmp_path)
    api.reset()
    again, said = look(api, tmp_path)
    assert again == first
    assert api.stats().requests == 0
    assert "looked at before" in said[0]


def test_the_only_collection_needs_no_name(api: SimulatorProcess, tmp_path: Path) -> None:
    """Where the API has one collection it is that, and asking for it is counted; one that isn't there is told."""
    api.reset()
    config, _ = look(api, tmp_path, collection=None)
    assert config["corpora"]["source"]["collection"] == COLLECTION
    assert config["whole"]["requests"] == api.stats().requests
    with pytest.raises(SettingsError, match="nowhere"):
        look(api, tmp_path, collection="nowhere")
