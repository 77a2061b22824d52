"""How the simulated STAC API of a scenario, or of an arm, behaves."""

from typing import Literal, Self

from pydantic import Field, model_validator

from ingest_bench.config.blocks import Strict


class RateLimit(Strict):
    """A token bucket."""

    per_second: float = Field(gt=0)
    burst: int = Field(default=1, ge=1)


class Server(Strict):
    """How the simulated STAC API behaves."""

    paging: Literal["token", "page"] = "token"
    think_ms: float = Field(default=0, ge=0, le=10_000, description="the server's think time per request, mean")
    jitter_ms: float = Field(default=0, ge=0, description="standard deviation of the think time")
    slots: int | None = Field(default=None, ge=1, description="requests worked on at once, after thinking; others wait")
    service_ms: float = Field(default=0, ge=0, le=10_000, description="how long a request keeps its slot")
    max_page: int = Field(default=1000, ge=1, description="a larger `limit` is clamped to this")
    rate: RateLimit | None = None

    @model_validator(mode="after")
    def _service_has_slots(self) -> Self:
        if self.service_ms and self.slots is None:
            raise ValueError("service_ms needs slots; time that holds no slot is think_ms")
        return self
