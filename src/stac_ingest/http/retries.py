"""A client that retries: pauses, retries and redirects between a request and its useful response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.core.text import beginning
from stac_ingest.errors import LinkRefused, RateLimited, ResponseError, ResponseTooLarge, RetryAfterTooLong
from stac_ingest.http.client import Client, Response
from stac_ingest.http.dates import seconds_of
from stac_ingest.http.limiter import RequestLimiter, RequestNotNeeded
from stac_ingest.http.request import Request
from stac_ingest.http.urls import display, resolve, same_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stac_ingest.config import IngestConfig
    from stac_ingest.http.clock import Clock
    from stac_ingest.summary import IngestSummary

OK = 200
FORBIDDEN = 403
TOO_MANY = 429
_TRANSIENT = frozenset({TOO_MANY, 502, 503, 504})
_HEAVY = frozenset({502, 504})
_REDIRECTS = frozenset({301, 302, 307, 308})
_MAX_REDIRECTS = 5
_HARMLESS = {"Accept", "Accept-Encoding", "Range", "If-Match", "If-None-Match", "If-Modified-Since"}
"""Headers that a redirect takes to another origin, too: they say what is wanted, and nothing of who wants it."""
_FIRST_DELAY = 0.5
_MAX_DELAY = 30.0


class RetryingClient:
    """Sends a request until there is a useful response, or a typed error says why there is none."""

    def __init__(self, config: IngestConfig, summary: IngestSummary, client: Client, clock: Clock) -> None:
        self._config = config
        self._summary = summary
        self._client = client
        self._clock = clock
        self._limiter = RequestLimiter(config, summary, clock)
        self._has_responded = False

    async def send(
        self,
        request: Request,
        *,
        gives_up_early: bool = False,
        attempts: int | None = None,
        not_needed: Callable[[], bool] | None = None,
        stops_at_403: bool = True,
        accepted: frozenset[int] = frozenset({OK}),
    ) -> Response:
        """Return the response, whose status is 200, or another one that is accepted.

        Args:
            request: what to send.
            gives_up_early: whether an error that too large a page may cause is tried twice only.
            attempts: lowers the number of tries that the settings allow.
            not_needed: asked where the host wants a wait; True gives the request up.
            stops_at_403: whether a 403 is the run's last response. Where it isn't, the caller says so by `stop`.
            accepted: statuses of a useful response.

        Raises:
            RequestNotNeeded: `not_needed` said so.
            RateLimited: 429 beyond the budget of tries or seconds; a 403 that names a time to come back.
            RetryAfterTooLong: the host asks for a longer pause than the budget of seconds.
            ResponseError: any other response, or none; see its `status`.
            BudgetExhausted: the run's requests are spent.

        """
        max_tries = min(attempts or self._config.retry_attempts, self._config.retry_attempts)
        tries, hops, give_up_at = 0, 0, None
        while True:
            tries += 1
            outcome, pause = await self._try(request, tries, not_needed)
            if isinstance(outcome, Response) and outcome.status in accepted:
                return outcome
            if isinstance(outcome, Response) and outcome.status in _REDIRECTS and "Location" in outcome.headers:
                tries, hops = tries - 1, hops + 1
                request = _redirected(request, outcome, hops)
                continue
            now = self._clock.now()
            give_up_at = give_up_at or now + self._config.retry_seconds
            if (
                not self._worth_another(outcome)
                or tries >= max_tries
                or now + pause > give_up_at
                or (gives_up_early and tries > 1 and _may_be_size(outcome))
            ):
                error = self._error(request, outcome, tries, pause)
                if error.status == FORBIDDEN and (stops_at_403 or isinstance(error, RateLimited)):
                    self.stop(error)
                raise error
            if _is_throttle(outcome) and not_needed is not None and not_needed():
                raise RequestNotNeeded
            if not _is_throttle(outcome):
                await self._clock.sleep(pause)

    async def _try(
        self, request: Request, tries: int, not_needed: Callable[[], bool] | None
    ) -> tuple[Response | ResponseError, float]:
        """Send once. Return the response or the error, and the seconds to wait before another try."""
        async with self._limiter.acquire(request.url, not_needed) as start:
            self._summary.retries += tries > 1
            try:
                response = await self._client.send(request)
            except (ResponseTooLarge, LinkRefused):
                raise
            except ResponseError as error:
                self._limiter.record_outcome(start, succeeded=False)
                return error, self._backoff(tries)
            self._limiter.record_outcome(start, succeeded=response.status not in _TRANSIENT)
            self._has_responded = True
            named = _retry_after(response.headers, self._clock.wall())
            pause = self._backoff(tries) if named is None else named
            if response.status == TOO_MANY:
                self._summary.rate_limited += 1
                if self._config.retry == "wait":
                    self._limiter.refused(request.url, start, pause)
            elif _is_throttle(response) and self._config.retry == "wait":
                self._limiter.pause(request.url, pause)
            return response, pause

    @property
    def useful_capacity(self) -> int:
        """How many concurrent requests are worth having at the moment."""
        return self._limiter.useful_capacity

    def begin(self, own_seconds: float) -> int:
        """Choose how many requests to begin with, now that a few responses came.

        Args:
            own_seconds: CPU time that this process takes for a response that is wanted, about.

        Returns:
            How many may be in flight at first.

        """
        self._limiter.begin(own_seconds)
        return self._limiter.capacity

    def stop(self, error: ResponseError) -> None:
        """Send nothing more: every further request ends in `error`."""
        self._limiter.close(error)

    def describe(self) -> str | None:
        """Describe the number of concurrent requests that was found best; None where it was given."""
        return self._limiter.describe()

    def _error(self, request: Request, outcome: Response | ResponseError, tries: int, pause: float) -> ResponseError:
        error = _error(request, outcome, tries, pause)
        patience = self._config.retry_seconds
        if _is_throttle(outcome) and self._config.retry == "wait" and pause > patience:
            return RetryAfterTooLong(f"{error}, and retry_seconds is {patience:g}", url=error.url, status=error.status)
        return error

    def _worth_another(self, outcome: Response | ResponseError) -> bool:
        if self._config.retry == "none":
            return False
        if isinstance(outcome, Response):
            return outcome.status in _TRANSIENT
        # A host that has never answered is more likely misspelt than busy.
        return self._has_responded

    def _backoff(self, tries: int) -> float:
        """Exponential, with full jitter: workers that failed together must not come back together."""
        return min(_MAX_DELAY, _FIRST_DELAY * float(2**tries)) * float(self._clock.chance())


def _may_be_size(outcome: Response | ResponseError) -> bool:
    return isinstance(outcome, Response) and outcome.status in _HEAVY and "Retry-After" not in outcome.headers


def _is_throttle(outcome: Response | ResponseError) -> bool:
    """Whether the response pauses the whole host, so that the limiter does the waiting."""
    if not isinstance(outcome, Response):
        return False
    return outcome.status == TOO_MANY or (outcome.status in _TRANSIENT and "Retry-After" in outcome.headers)


def _retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Seconds that a Retry-After header asks for; None without one that can be read."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        if (until := seconds_of(text)) is None:
            return None
        seconds = until - wall
    return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124 - NaN differs from itself


def _redirected(request: Request, response: Response, hops: int) -> Request:
    if hops > _MAX_REDIRECTS:
        raise ResponseError(f"{display(request.url)} redirects without end", url=display(request.url))
    url = resolve(response.headers["Location"], request.url)
    headers = request.headers
    if not same_origin(url, request.url):
        headers = {name: value for name, value in headers.items() if name in _HARMLESS}
    return Request(request.method, url, headers, request.body)


def _error(request: Request, outcome: Response | ResponseError, tries: int, pause: float) -> ResponseError:
    after = f" after {tries} tries" if tries > 1 else ""
    if isinstance(outcome, ResponseError):
        return ResponseError(f"{outcome}{after}", url=outcome.url, status=outcome.status)
    shown = display(request.url)
    message = f"{request.method} {shown} answers {outcome.status}{after}: {beginning(outcome.body)}"
    if "Retry-After" in outcome.headers:
        message += f"; come back in {pause:.0f} s"
    if outcome.status == TOO_MANY or (outcome.status == FORBIDDEN and "Retry-After" in outcome.headers):
        return RateLimited(message, url=shown, status=outcome.status)
    return ResponseError(message, url=shown, status=outcome.status)
