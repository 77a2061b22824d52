"""What commands may need beside their programs: services that run on this machine for as long as a cell is measured."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ingest_bench.system import postgis
from ingest_bench.system.programs import HOW_TO_INSTALL


@dataclass(frozen=True, slots=True)
class Service:
    """A service."""

    name: str
    """What configurations call it."""
    title: str
    """What results and messages call it."""
    version: Callable[[], str | None]
    """Gives the version that would run here; None where it isn't installed."""
    installed_by: str
    """In words, what installs it."""
    run: Callable[[], AbstractContextManager[Mapping[str, str]]]
    """Has it run for as long as the context lasts; gives the environment variables by which clients find it."""


SERVICES = {
    service.name: service
    for service in (
        Service(
            name="postgis",
            title="PostgreSQL with PostGIS",
            version=postgis.version,
            installed_by="apt-get install postgresql postgresql-postgis installs it on Debian",
            run=postgis.database,
        ),
    )
}


def how_to_install(name: str) -> str:
    """Return what installs a program, a package or a service that isn't here, by the name that results have for it."""
    return next((service.installed_by for service in SERVICES.values() if service.title == name), HOW_TO_INSTALL)
