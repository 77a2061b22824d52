"""Pauses, retries and budgets, in virtual time against a server that is a few lines."""

from __future__ import annotations

import asyncio
import math
import random
from email.utils import formatdate

import pytest

from stac_ingest.config import IngestConfig
from stac_ingest.errors import BudgetExhausted, RateLimited, ResponseError, ResponseTooLarge
from stac_ingest.http.client import Response
from stac_ingest.http.clock import Clock
from stac_ingest.http.limiter import RequestNotNeeded
from stac_ingest.http.rate import AdaptiveTokenBucket
from stac_ingest.http.request import Request
from stac_ingest.http.retries import RetryingClient
from stac_ingest.summary import IngestSummary

ASK = Request("GET", "http://127.0.0.1/search")


class WarpLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self):
        super().__init__()
        self._warp = 0.0
        select = self._selector.select

        def jump(timeout=None):
            if timeout is not None and timeout > 0:
                self._warp += timeout
            return select(0)

        self._selector.select = jump

    def time(self):
        return self._warp


def run(coroutine):
    with asyncio.Runner(loop_factory=WarpLoop) as runner:
        return runner.run(coroutine)


def clock(chance=1.0):
    now = asyncio.get_running_loop().time
    return Clock(now=now, wall=now, sleep=asyncio.sleep, chance=lambda: chance)


class Script:
    """A client that gives the answers it was told to, then 200."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.sent = []

    async def send(self, request):
        self.sent.append((asyncio.get_running_loop().time(), request))
        outcome = self.outcomes.pop(0) if self.outcomes else 200
        if isinstance(outcome, Exception):
            raise outcome
        status, headers = outcome if isinstance(outcome, tuple) else (outcome, {})
        return Response(status, headers, b"{}", request.url)


def make(client, chance=1.0, **settings):
    config = IngestConfig(mode="api", source="http://127.0.0.1", **settings)
    summary = IngestSummary()
    return RetryingClient(config, summary, client, clock(chance)), summary


def ask(*outcomes, times=1, **settings):
    """Ask once of a script; return the send times, the summary and the outcome."""

    async def go():
        client = Script(*outcomes)
        retrying, summary = make(client, **settings)
        result = None
        try:
            for _ in range(times):
                result = await retrying.send(ASK)
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            result = error
        return [at for at, _ in client.sent], summary, result

    return run(go())


def test_retry_after_in_seconds_is_waited_for():
    """A pause that the server names is kept to the second, and both tries are counted."""
    sent, summary, answer = ask((429, {"Retry-After": "7"}))
    assert sent == pytest.approx([0, 7])
    assert answer.status == 200
    assert (summary.requests, summary.retries, summary.rate_limited) == (2, 1, 1)


def test_retry_after_as_a_date():
    """An HTTP date is understood too."""
    sent, _, _ = ask((503, {"Retry-After": formatdate(12, usegmt=True)}))
    assert sent == pytest.approx([0, 12])


@pytest.mark.parametrize("text", ["soon", "", "nan", "99999999999999999 Jan"])
def test_unreadable_retry_after_falls_back(text):
    """Nonsense in the header is as good as no header: exponential back-off."""
    sent, _, _ = ask((429, {"Retry-After": text}), (429, {"Retry-After": text}))
    assert sent == pytest.approx([0, 1, 3])


def test_jitter_is_full():
    """A delay is anything between nothing and its bound."""
    sent, _, _ = ask(429, chance=0.25)
    assert sent == pytest.approx([0, 0.25])


@pytest.mark.parametrize("status", [502, 503, 504])
def test_passing_troubles_are_retried(status):
    """Gateway troubles are retried, with growing delays, as often as the settings say."""
    sent, summary, error = ask(*[status] * 9, retry_attempts=4)
    assert sent == pytest.approx([0, 1, 3, 7])
    assert isinstance(error, ResponseError)
    assert error.status == status
    assert "after 4 tries" in str(error)
    assert summary.retries == 3


def test_a_lost_connection_is_retried_once_the_host_was_heard():
    """A reset in the middle of a run is retried; at the very start it more likely is a wrong address."""
    lost = ResponseError("reset", url="u")
    _, summary, answer = ask(200, lost, times=2)
    assert answer.status == 200
    assert summary.retries == 1
    _, summary, error = ask(lost)
    assert isinstance(error, ResponseError)
    assert summary.requests == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_refusals_are_not_retried(status):
    """What asking again won't change is an error at once; a 403 above all."""
    sent, _, error = ask(status)
    assert len(sent) == 1
    assert error.status == status
    assert not isinstance(error, RateLimited)


def test_a_403_that_names_a_time_is_a_throttle():
    """It is told apart by its type, and still not retried."""
    sent, _, error = ask((403, {"Retry-After": "1"}))
    assert len(sent) == 1
    assert isinstance(error, RateLimited)


@pytest.mark.parametrize("outcome", [429, (429, {"Retry-After": "1"}), 503])
def test_retry_none(outcome):
    """With `retry: none` a refusal is a failure at once."""
    sent, _, error = ask(outcome, retry="none")
    assert len(sent) == 1
    assert isinstance(error, ResponseError)
    assert isinstance(error, RateLimited) == (error.status == 429)


def test_seconds_are_bounded():
    """A pause beyond `retry_seconds` is not waited for, and nobody else waits for it either."""

    async def go():
        client = Script((429, {"Retry-After": "3600"}))
        retrying, _ = make(client, concurrency=2, retry_seconds=60)
        results = await asyncio.gather(*(retrying.send(ASK) for _ in range(2)), return_exceptions=True)
        later = await asyncio.gather(retrying.send(ASK), return_exceptions=True)
        return results, later, asyncio.get_running_loop().time()

    results, later, now = run(go())
    assert sum(isinstance(r, RateLimited) for r in results) >= 1
    assert isinstance(later[0], RateLimited)
    assert now == 0


def test_too_large_is_not_retried():
    """The same page would be as large again."""
    sent, _, error = ask(ResponseTooLarge("big", url="u"))
    assert len(sent) == 1
    assert isinstance(error, ResponseTooLarge)


def test_budget_of_requests():
    """The budget counts every try, and ends the run with its own error."""
    sent, summary, error = ask(200, 502, 200, times=9, budget={"max_requests": 4})
    assert isinstance(error, BudgetExhausted)
    assert len(sent) == summary.requests == 4


def test_budget_of_requests_per_second():
    """Starts are spread evenly over time."""
    sent, _, _ = ask(times=5, budget={"requests_per_second": 4})
    assert sent == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


@pytest.mark.parametrize(("settings", "peak"), [({"concurrency": 7}, 7), ({"concurrency": 7, "max_in_flight": 3}, 3)])
def test_in_flight_is_bounded(settings, peak):
    """Never more requests under way than `concurrency` and the budget allow."""

    class Slow(Script):
        now = most = 0

        async def send(self, request):
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.05)
            self.now -= 1
            return await super().send(request)

    async def go():
        client = Slow()
        budget = {"max_in_flight": settings.get("max_in_flight")}
        retrying, summary = make(client, concurrency=settings["concurrency"], budget=budget)
        await asyncio.gather(*(retrying.send(ASK) for _ in range(30)))
        return client.most, summary.in_flight_peak

    assert run(go()) == (peak, peak)


@pytest.mark.parametrize(
    ("location", "expected"),
    [("/v1/search", "http://127.0.0.1/v1/search"), ("http://127.0.0.2:8000/s", "http://127.0.0.2:8000/s")],
)
def test_redirects_keep_method_and_body(location, expected):
    """A redirected POST stays a POST with its filters; the link's headers stay at their origin."""

    async def go():
        client = Script((308, {"Location": location}))
        retrying, _ = make(client)
        await retrying.send(Request("POST", ASK.url, {"X-Cursor": "1"}, {"limit": 1}))
        return client.sent[1][1]

    kept = {"X-Cursor": "1"} if location.startswith("/") else {}
    assert run(go()) == Request("POST", expected, kept, {"limit": 1})


@pytest.mark.parametrize("location", ["/search", "https://example.com/"])
def test_redirects_end(location):
    """A redirect without end, or to where no link may lead, is an error."""
    _, _, error = ask(*[(302, {"Location": location})] * 20)
    assert isinstance(error, ResponseError)


class Bucket:
    """A server with a token bucket and a think time; refuses with a whole number of seconds, as most do."""

    def __init__(self, rate, burst, think, *, whole=True):
        self.rate, self.burst, self.think, self.whole = rate, burst, think, whole
        self.tokens, self.at, self.served, self.refused = burst, 0.0, 0, 0

    async def send(self, request):
        now = asyncio.get_running_loop().time()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens >= 1 - 1e-9:
            self.tokens -= 1
            await asyncio.sleep(self.think)
            self.served += 1
            return Response(200, {}, b"{}", request.url)
        self.refused += 1
        await asyncio.sleep(0.002)
        missing = (1 - self.tokens) / self.rate
        return Response(429, {"Retry-After": str(math.ceil(missing) if self.whole else missing)}, b"", request.url)


class Moody:
    """A server that could answer all, and refuses one request in so many by lot."""

    def __init__(self, one_in, think):
        self.one_in, self.think, self.chance = one_in, think, random.Random(1)

    async def send(self, request):
        if self.chance.random() < 1 / self.one_in:
            return Response(429, {"Retry-After": "1"}, b"", request.url)
        await asyncio.sleep(self.think)
        return Response(200, {}, b"{}", request.url)


def crowd(server, requests, concurrency):
    """Have so many workers ask so many times; return the server, the summary and the seconds that it took."""

    async def go():
        retrying, summary = make(server, concurrency=concurrency, retry_attempts=6)
        todo = iter(range(requests))

        async def work():
            for _ in todo:
                await retrying.send(ASK)

        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
        return server, summary, asyncio.get_running_loop().time()

    return run(go())


@pytest.mark.parametrize(
    ("rate", "burst", "requests", "whole", "concurrency"),
    [
        (20, 20, 100, True, 5),
        (20, 20, 125, True, 20),
        (20, 20, 125, True, 10),
        (5, 10, 100, True, 20),
        (50, 10, 500, False, 20),
        (10, 1, 300, False, 20),
        (30, 60, 1000, True, 50),
        (2, 2, 100, True, 20),
    ],
)
def test_a_token_bucket_is_used_up(rate, burst, requests, whole, concurrency):
    """Against a token bucket the run takes at most 10% more time than the bucket alone imposes; no request is lost."""
    server, summary, took = crowd(Bucket(rate, burst, 0.05, whole=whole), requests, concurrency)
    bound = max((requests - burst) / rate, requests * 0.05 / concurrency) + 0.05
    assert server.served == requests
    assert took <= 1.1 * bound
    assert server.refused == summary.rate_limited <= 4 * concurrency


@pytest.mark.parametrize("concurrency", [1, 20])
def test_refusals_without_a_reason_do_not_end_in_a_crawl(concurrency):
    """Where one request in fifty is refused by lot, the run takes a few times the work and the pauses."""
    _, summary, took = crowd(Moody(50, 0.05), 2_000, concurrency)
    assert took <= 4 * (2_000 * 0.05 / concurrency + summary.rate_limited * 1.0)


def test_pauses_are_never_shortened():
    """A shorter pause named later leaves a longer one as it is."""
    bucket = AdaptiveTokenBucket()
    bucket.pause(0.0, 10.0)
    bucket.pause(1.0, 2.0)
    assert bucket.wait(5.0) == pytest.approx(5.0)


def next_starts(bucket, count):
    """Start so many requests, each as soon as it may; return the times."""
    now, starts = 0.0, []
    for _ in range(count):
        while (seconds := bucket.wait(now)) > 0:
            now += seconds
        starts.append(bucket.start(now).at)
    return starts


def test_refusals_of_one_moment_are_one_lesson():
    """What may start when is learned from the first refusal: those in flight with it don't lower the rate once more."""
    first = AdaptiveTokenBucket()
    started = [first.start(0.0) for _ in range(10)]
    first.refused(started[5], 0.1, 1.0)
    again = AdaptiveTokenBucket()
    started = [again.start(0.0) for _ in range(10)]
    for start in started[5:]:
        again.refused(start, 0.1, 1.0)
    schedule = next_starts(first, 20)
    assert next_starts(again, 20) == schedule
    assert schedule[0] == pytest.approx(1.1)
    assert schedule[-1] > schedule[10] > schedule[0]


def test_who_waits_for_the_servers_rate_leaves_no_place_to_others() -> None:
    """While a request waits for the time it may be sent at, one more would only wait with it; then all places count."""

    async def look():
        retrying, _ = make(Script(200, 200), concurrency=4, budget={"requests_per_second": 2})
        before = retrying.useful_capacity
        asking = [asyncio.create_task(retrying.send(ASK)) for _ in range(2)]
        await asyncio.sleep(0.1)
        meanwhile = retrying.useful_capacity
        await asyncio.gather(*asking)
        return before, meanwhile, retrying.useful_capacity

    assert run(look()) == (4, 0, 4)


def test_a_refused_request_that_is_not_needed_is_not_sent_again():
    """What was refused is given up at once where it can be; what nobody refused is sent, needed or not."""

    async def go():
        client = Script(200, (429, {"Retry-After": "5"}))
        retrying, summary = make(client)
        await retrying.send(ASK, not_needed=lambda: True)
        with pytest.raises(RequestNotNeeded):
            await retrying.send(ASK, not_needed=lambda: True)
        return len(client.sent), asyncio.get_running_loop().time(), summary

    sent, now, summary = run(go())
    assert (sent, now) == (2, 0.0)
    assert (summary.requests, summary.rate_limited, summary.retries) == (2, 1, 0)


def test_a_request_that_waited_is_given_up_where_it_is_not_needed_any_more():
    """Whether it is needed is asked again when a pause is over: others may have seen to it meanwhile."""

    async def go():
        client = Script((429, {"Retry-After": "5"}))
        retrying, _ = make(client)
        answers = iter([False, True])
        with pytest.raises(RequestNotNeeded):
            await retrying.send(ASK, not_needed=lambda: next(answers))
        return len(client.sent), asyncio.get_running_loop().time()

    assert run(go()) == (1, 5.0)
