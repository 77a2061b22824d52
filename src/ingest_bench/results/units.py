"""Numbers with their unit beside them: it shows in the JSON schema, the table's columns and the documentation."""

from typing import Annotated

from pydantic import Field

NAME = r"^[a-z][a-z0-9_]*$"
"""Of scenarios, arms and so on: names become parts of file names, so they are kept plain."""

Number = Annotated[float, Field(json_schema_extra={"unit": "1"})]
Whole = Annotated[int, Field(json_schema_extra={"unit": "1"})]
"""A count of its own kind, or a number that only names."""
Seconds = Annotated[float, Field(json_schema_extra={"unit": "s"})]
UnixTime = Annotated[float, Field(json_schema_extra={"unit": "s since 1970-01-01T00:00:00Z"})]
Milliseconds = Annotated[float, Field(json_schema_extra={"unit": "ms"})]
Mebibytes = Annotated[float, Field(json_schema_extra={"unit": "MiB"})]
Gibibytes = Annotated[float, Field(json_schema_extra={"unit": "GiB"})]
Bytes = Annotated[int, Field(json_schema_extra={"unit": "B"})]
Megahertz = Annotated[float, Field(json_schema_extra={"unit": "MHz"})]
ItemRate = Annotated[float, Field(json_schema_extra={"unit": "items/s"})]
Items = Annotated[int, Field(json_schema_extra={"unit": "items"})]
Requests = Annotated[int, Field(json_schema_extra={"unit": "requests"})]
Responses = Annotated[int, Field(json_schema_extra={"unit": "responses"})]
Concurrency = Annotated[int, Field(json_schema_extra={"unit": "units at once"})]
Cores = Annotated[float, Field(json_schema_extra={"unit": "cores"})]
