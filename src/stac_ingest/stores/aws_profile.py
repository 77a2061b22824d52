"""Profiles of AWS: the files that `aws configure` writes. obstore reads the environment alone."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from stac_ingest.errors import ConfigurationError

_KEYS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}
_PLACES = {"region": "region", "endpoint_url": "endpoint"}
_FROM_ENVIRONMENT = (
    *("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
)
_MOST = 1 << 20


def profile(*, with_keys: bool) -> dict[str, str]:
    """Return what the profile named by AWS_PROFILE, or `default`, says, as obstore calls it.

    Args:
        with_keys: whether keys are wanted. They aren't read where the environment has some.

    Returns:
        Keys, the region and the endpoint, as far as they are there and the environment doesn't say them.

    Raises:
        ConfigurationError: AWS_PROFILE names a profile that isn't there, or has no keys of its own.

    """
    named = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    name = named or "default"
    with_keys = with_keys and not any(os.environ.get(variable) for variable in _FROM_ENVIRONMENT)
    config = _section("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}")
    keys = _section("AWS_SHARED_CREDENTIALS_FILE", "credentials", name)
    if named and not config and not keys:
        raise ConfigurationError(f"AWS_PROFILE: there is no profile {named!r} in ~/.aws/config or ~/.aws/credentials")
    found = {ours: config[theirs] for theirs, ours in _PLACES.items() if config.get(theirs)}
    if os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        found.pop("region", None)
    if any(os.environ.get(variable) for variable in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")):
        found.pop("endpoint", None)
    if with_keys:
        both = {**config, **keys}
        found |= {ours: both[theirs] for theirs, ours in _KEYS.items() if both.get(theirs)}
        if named and "access_key_id" not in found:
            raise ConfigurationError(
                f"AWS_PROFILE: the profile {named!r} has no keys of its own (a role, or single sign-on); put its keys "
                f"into the environment, by `eval $(aws configure export-credentials --profile {named} --format env)`"
            )
    return found


def _section(variable: str, file: str, name: str) -> dict[str, str]:
    path = Path(os.environ.get(variable) or Path("~/.aws", file)).expanduser()
    parser = configparser.RawConfigParser()
    try:
        with path.open(encoding="utf-8") as lines:
            parser.read_string(lines.read(_MOST))
    except (OSError, UnicodeDecodeError):
        return {}
    except configparser.Error as error:
        # Its words quote lines, which may be keys.
        raise ConfigurationError(f"{path} can't be read ({type(error).__name__})") from None
    return dict(parser[name]) if parser.has_section(name) else {}
