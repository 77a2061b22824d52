"""Looking at an API: what is asked, how often, and what is asked for before."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest_bench.config.models import Corpus
from ingest_bench.config.server import Server
from ingest_bench.corpora.builder import build
from ingest_bench.errors import SettingsError
from ingest_bench.simulator.process import SimulatorProcess
from ingest_bench.survey import MeasureRequest, apis, survey_source
from ingest_bench.survey.apis import LOOKS
from ingest_bench.survey.found import Amount, Found
from ingest_bench.survey.matrix import SAMPLES, sample_limit
from ingest_bench.survey.run import told

COLLECTION, ITEMS = "sentinel-2-l2a", 3000


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Serve items over three years or so."""
    folder = tmp_path_factory.mktemp("survey") / "api"
    build("api", Corpus(kind="api", items=ITEMS), 3, folder, folder.with_suffix(".json"), 1)
    with SimulatorProcess(folder, Server(), 3) as server:
        yield server


def look(api: SimulatorProcess, results: Path, *, dry: bool = False, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """Look at the API; return the configuration, and what was said."""
    said: list[str] = []
    given = {"source": api.url, "collection": COLLECTION, "results": str(results), **more}
    return survey_source(MeasureRequest.parse(given), said.append, dry=dry), said


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
        look(api, tmp_path, as_remote=True, requests=500, dry=True)
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


def test_the_error_of_too_few_looks_says_what_helps(api: SimulatorProcess, tmp_path: Path) -> None:
    """With fewer requests than looking takes more are advised; listing collections and looking share one limit."""
    api.reset()
    with pytest.raises(SettingsError, match=r"requests: 3 are too few .* up to 16"):
        look(api, tmp_path, as_remote=True, collection=None, requests=3)
    assert api.stats().requests <= 3


def test_a_limit_that_others_used_up_is_not_called_too_few(
    api: SimulatorProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where looking itself reaches its own limit, allowing more wouldn't help, and isn't advised."""
    monkeypatch.setattr(apis, "LOOKS", 3)
    api.reset()
    with pytest.raises(SettingsError, match="source: looking at this API took 3 requests"):
        look(api, tmp_path, as_remote=True, collection=None, requests=300)
    assert api.stats().requests <= 3


def test_small_pages_are_reckoned_with(tmp_path: Path) -> None:
    """Of a server that gives 20 items a page a sample reads no more items than its requests have pages."""
    folder = tmp_path / "api"
    build("api", Corpus(kind="api", items=ITEMS), 3, folder, folder.with_suffix(".json"), 1)
    with SimulatorProcess(folder, Server(max_page=20), 3) as server:
        config, _ = look(server, tmp_path / "results", as_remote=True, requests=400)
    items = int(config["whole"]["part"].split(" items")[0].split()[-1].replace(",", ""))
    assert sample_limit(items // 20) <= config["remote"]["max_requests"]
    assert config["remote"]["max_requests"] * SAMPLES <= config["remote"]["total_requests"]


def test_each_call_has_a_grant_of_its_own(api: SimulatorProcess, tmp_path: Path) -> None:
    """More minutes are another call, whose requests are counted from nothing."""
    given: dict[str, Any] = {"as_remote": True, "requests": 300}
    grants = [look(api, tmp_path, **given, budget_minutes=minutes)[0]["remote"]["grant"] for minutes in (2, 10, 2)]
    assert grants[0] == grants[2] != grants[1]


def test_an_api_that_does_not_count_has_at_least_a_page() -> None:
    """What one page shows isn't told as all that there is."""
    request = MeasureRequest.parse({"source": "http://127.0.0.1:1"})
    found = Found("api", {}, Amount.exact(1000), "those of one page", is_least=True)
    assert told(found, request)[0] == "measure: at least 1,000 items: those of one page"


def test_a_stretch_of_time_is_chosen_of_a_large_collection(api: SimulatorProcess, tmp_path: Path) -> None:
    """Samples of a large collection read a time chosen by the seed, with about as many items as they may have."""
    windows = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        config, _ = look(api, tmp_path / name, as_remote=True, requests=300, seed=seed)
        corpus = config["corpora"]["source"]
        windows.append(corpus.get("datetime"))
        assert "chosen at random" in config["whole"]["part"]
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


@pytest.mark.parametrize("collection", ["c", None], ids=["named", "listed"])
def test_a_server_that_is_not_there_is_told(tmp_path: Path, collection: str | None) -> None:
    """The error says that nothing answers, and why, in the system's words."""
    with socket.socket() as held:  # bound and not listening: nothing else takes the port
        held.bind(("127.0.0.1", 0))
        request = MeasureRequest.parse(
            {"source": f"http://127.0.0.1:{held.getsockname()[1]}/", "collection": collection, "results": str(tmp_path)}
        )
        with pytest.raises(
            SettingsError, match=r"^source: .*can't connect \(Connection refused\); is the server running"
        ):
            survey_source(request, lambda _: None)
