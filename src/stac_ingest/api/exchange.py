"""A request and its useful answer: pauses, retries and redirects lie between."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from stac_ingest.api.client import Answer, Client
from stac_ingest.api.gate import Dispensable, Gate
from stac_ingest.api.links import Request
from stac_ingest.api.pages import beginning
from stac_ingest.api.urls import display, resolve, same_origin
from stac_ingest.errors import LinkRefused, PauseTooLong, RateLimited, ResponseError, ResponseTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stac_ingest.api.clock import Clock
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

OK = 200
FORBIDDEN = 403
TOO_MANY = 429
_PASSING = frozenset({TOO_MANY, 502, 503, 504})
_HEAVY = frozenset({502, 504})
_REDIRECTS = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS = 5
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0


class Exchange:
    """Asks until there is an answer, or a typed error says why there is none."""

    def __init__(self, config: IngestConfig, summary: IngestSummary, client: Client, clock: Clock) -> None:
        self._config = config
        self._summary = summary
        self._client = client
        self._clock = clock
        self._gate = Gate(config, summary, clock)
        self._heard = False

    async def ask(
        self,
        request: Request,
        *,
        gives_up_early: bool = False,
        attempts: int | None = None,
        dispensable: Callable[[], bool] | None = None,
    ) -> Answer:
        """Return the answer with status 200.

        `attempts` lowers the number of tries that the settings allow. With `gives_up_early`, what may come of too large
        a page is tried twice only. `dispensable` is asked where the host wants a wait: whether to do without an answer.

        Raises:
            Dispensable: the answer isn't needed.
            RateLimited: 429 beyond the budget of tries or seconds; a 403 that names a time to come back.
            PauseTooLong: the host asks for a longer pause than the budget of seconds.
            ResponseError: any other answer, or none; see its `status`.
            BudgetExhausted: the run's requests are spent.

        """
        most = min(attempts or self._config.retry_attempts, self._config.retry_attempts)
        tries, hops, give_up_at = 0, 0, None
        while True:
            tries += 1
            outcome, pause = await self._try(request, tries, dispensable)
            if isinstance(outcome, Answer) and outcome.status == OK:
                return outcome
            if isinstance(outcome, Answer) and outcome.status in _REDIRECTS and "Location" in outcome.headers:
                tries, hops = tries - 1, hops + 1
                request = _redirected(request, outcome, hops)
                continue
            now = self._clock.now()
            give_up_at = give_up_at or now + self._config.retry_seconds
            if (
                not self._worth_another(outcome)
                or tries >= most
                or now + pause > give_up_at
                or (gives_up_early and tries > 1 and _may_be_size(outcome))
            ):
                raise self._error(request, outcome, tries, pause)
            if _is_throttle(outcome) and dispensable is not None and dispensable():
                raise Dispensable
            if not _is_throttle(outcome):
                await self._clock.sleep(pause)

    async def _try(
        self, request: Request, tries: int, dispensable: Callable[[], bool] | None
    ) -> tuple[Answer | ResponseError, float]:
        """Send once. Return what came, and the seconds to wait before another try."""
        async with self._gate.turn(request.url, dispensable) as start:
            self._summary.retries += tries > 1
            try:
                answer = await self._client.send(request)
            except (ResponseTooLarge, LinkRefused):
                raise
            except ResponseError as error:
                self._gate.answered(start, well=False)
                return error, self._backoff(tries)
            self._gate.answered(start, well=answer.status not in _PASSING)
            self._heard = True
            named = _retry_after(answer.headers, self._clock.wall())
            pause = self._backoff(tries) if named is None else named
            if answer.status == TOO_MANY:
                self._summary.rate_limited += 1
                if self._config.retry == "wait":
                    self._gate.refused(request.url, start, pause)
            elif _is_throttle(answer) and self._config.retry == "wait":
                self._gate.pause(request.url, pause)
            return answer, pause

    @property
    def useful_places(self) -> int:
        """How many requests at once are worth having at the moment."""
        return self._gate.useful_places

    def describe(self) -> str | None:
        """Say which number of requests at once was found best; None where it was given."""
        return self._gate.describe()

    def _error(self, request: Request, outcome: Answer | ResponseError, tries: int, pause: float) -> ResponseError:
        error = _error(request, outcome, tries, pause)
        if isinstance(outcome, Answer) and outcome.status == FORBIDDEN:
            self._gate.shut(error)
        most = self._config.retry_seconds
        if _is_throttle(outcome) and self._config.retry == "wait" and pause > most:
            return PauseTooLong(f"{error}, and retry_seconds is {most:g}", url=error.url, status=error.status)
        return error

    def _worth_another(self, outcome: Answer | ResponseError) -> bool:
        if self._config.retry == "none":
            return False
        if isinstance(outcome, Answer):
            return outcome.status in _PASSING
        # A host that has never answered is more likely misspelt than busy.
        return self._heard

    def _backoff(self, tries: int) -> float:
        """Exponential, with full jitter: workers that failed together must not come back together."""
        return min(_LONGEST_DELAY, _FIRST_DELAY * float(2**tries)) * float(self._clock.chance())


def _may_be_size(outcome: Answer | ResponseError) -> bool:
    return isinstance(outcome, Answer) and outcome.status in _HEAVY and "Retry-After" not in outcome.headers


def _is_throttle(outcome: Answer | ResponseError) -> bool:
    """Whether the whole host was asked to wait, so that the gate does the waiting."""
    if not isinstance(outcome, Answer):
        return False
    return outcome.status == TOO_MANY or (outcome.status in _PASSING and "Retry-After" in outcome.headers)


def _retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Seconds that a Retry-After header asks for; None without one that can be read."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - wall
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124 - NaN differs from itself


def _redirected(request: Request, answer: Answer, hops: int) -> Request:
    if hops > _MOST_REDIRECTS:
        raise ResponseError(f"{display(request.url)} redirects without end", url=display(request.url))
    url = resolve(answer.headers["Location"], request.url)
    headers = request.headers if same_origin(url, request.url) else {}
    return Request(request.method, url, headers, request.body)


def _error(request: Request, outcome: Answer | ResponseError, tries: int, pause: float) -> ResponseError:
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
