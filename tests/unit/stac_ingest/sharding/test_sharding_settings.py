"""What an ingest in shards takes: wrong settings in words, and how a host's limits are split."""

from __future__ import annotations

from pathlib import Path

import pytest

from stac_ingest.config import RequestBudget
from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding.plan import TimePiece
from stac_ingest.sharding.planner import budget_shares
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import SplitPlan

LOCAL = {"source": "http://127.0.0.1:1/", "output": "out", "collection": "c"}
REMOTE = {**LOCAL, "source": "https://stac.example.com/v1"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"output": "out"}, "source: missing"),
        ({"source": "items"}, "output: missing"),
        ({"source": "items", "output": "out", "shard": 3}, "shard: unknown key; did you mean shards"),
        ({"source": "items", "output": "out", "transforms": {}}, "transforms: an ingest in shards takes none"),
        ({"source": "items", "output": "out", "shards": 0}, "shards: .*greater than or equal to 1"),
        ({**LOCAL, "ids": "a,b"}, "ids: of an API"),
        ({**LOCAL, "sortby": "-datetime"}, "sortby: shards are read beside each other"),
        (REMOTE, "is not this machine; allow_remote=true"),
        ({**LOCAL, "source": "http://me:secret@127.0.0.1:1/"}, "STAC_INGEST_TOKEN"),
        ({**LOCAL, "jobs": 5, "max_in_flight": 4}, "use at most 4 jobs"),
        ({"source": "items", "output": "s3://bucket/items"}, "state is missing"),
        ({"source": "items", "output": "gs://bucket/items"}, "output: .*gs:// is a URL.*s3://bucket/prefix"),
        ({"source": "items", "output": "s3://bucket/items", "state": "s3://b/s"}, "state: .*s3:// is a URL"),
        ({"source": "items", "output": "out", "state": "here"}, "state belongs to an output on object storage"),
        ({"source": "items", "output": "out", "worker_strategy": "time_chunks"}, "needs mode 'api'"),
    ],
)
def test_a_wrong_setting_is_told_in_words(settings, said):
    """The message names the setting and what to do, and repeats no secret."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        ShardedIngest.parse(settings)
    assert "secret" not in str(caught.value)


def cut_into(*expected, requests=0):
    piece = TimePiece(start=None, end=None, own_from=None, own_before=None)
    return SplitPlan([piece] * len(expected), list(expected), sum(expected), counts_items=True, requests=requests)


def test_limits_are_split_among_the_jobs_that_run_at_once():
    """Whatever is running at once keeps to the limits in sum."""
    settings = ShardedIngest.parse({**LOCAL, "jobs": 3, "max_in_flight": 7, "requests_per_second": 6})
    found = budget_shares(settings, cut_into(100, 100, 100, 100, 100))
    assert found == [RequestBudget(requests_per_second=2, max_in_flight=2)] * 5


def test_fewer_shards_than_jobs_leave_more_to_each():
    """What never runs at the same time needs no share."""
    settings = ShardedIngest.parse({**LOCAL, "jobs": 3, "max_in_flight": 6})
    assert budget_shares(settings, cut_into(100, 100)) == [RequestBudget(max_in_flight=3)] * 2


def test_requests_are_split_among_all_shards_by_what_they_need():
    """The shares, and what planning took, are no more than the whole; a larger shard has more."""
    settings = ShardedIngest.parse({**LOCAL, "max_requests": 100})
    small, large = (share.max_requests for share in budget_shares(settings, cut_into(100, 3000, requests=20)))
    assert small + large <= 80
    assert small >= 4
    assert large >= 33


def test_too_few_requests_are_told_before_any_shard_asks():
    """A budget that can't do is an error of the plan."""
    settings = ShardedIngest.parse({**LOCAL, "max_requests": 30})
    with pytest.raises(ConfigurationError, match=r"max_requests: 30 is too few: .*raise max_requests or limit"):
        budget_shares(settings, cut_into(3000))


def test_a_strangers_server_is_asked_modestly():
    """Without a word, all shards of a remote API share the modest budget that the command has."""
    settings = ShardedIngest.parse({**REMOTE, "allow_remote": True})
    found = budget_shares(settings, cut_into(1000, 1000, requests=10))
    assert [(share.requests_per_second, share.max_in_flight) for share in found] == [(1.0, 1)] * 2
    assert sum(share.max_requests for share in found) <= 490


def test_the_documented_settings_are_those_there_are():
    """The table of `docs/ingest.md` has each setting with its default and meaning, in their order."""
    text = (Path(__file__).resolve().parents[4] / "docs/ingest.md").read_text()
    table = [line for line in text.partition("<!-- settings: ")[2].splitlines() if line.startswith("| `")]
    expected = []
    for name, field in ShardedIngest.model_fields.items():
        given = f"{field.default}".lower() if isinstance(field.default, bool) else field.default
        default = "" if field.is_required() or given is None else f"`{given}`"
        expected.append(f"| `{name}` | {default} | {field.description} |")
    assert table == expected
