"""pgstac, the STAC schema of PostgreSQL with PostGIS: what its output and its source have in common."""

from stac_ingest.errors import ConfigurationError

try:
    import psycopg  # noqa: F401 - looked for here, once for all modules below
except ImportError as error:
    raise ConfigurationError(
        f'pgstac needs the package psycopg ({error}); pip install "stac-ingest-bench[pgstac]"'
    ) from None
