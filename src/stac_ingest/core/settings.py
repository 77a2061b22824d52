"""Settings: dataclasses whose values are checked by their annotations.

A value that is of its type and within its limits is taken as it is, which takes no library. For all others, such as a
number that is given as text or a name that is misspelt, pydantic reads the same annotations, and converts the value or
says what is wrong. To import pydantic takes longer than to ingest a small file, and few settings need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, get_type_hints

from stac_ingest.core.annotations import plain_value

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


_Made = TypeVar("_Made", bound="Settings")


class Settings:
    """Base of the settings, each a `dataclass(init=False, frozen=True)`."""

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """The present name of each setting that had another one in the last release."""
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}
    _given: ClassVar[frozenset[str]] = frozenset()  # each object has its own

    def __init__(self, /, **given: Any) -> None:
        """Check settings; those that aren't given have their defaults.

        Args:
            **given: values by the name of the setting, as `parse` takes them.

        Raises:
            ConfigurationError: names each wrong setting, what was found and what is allowed.

        """
        vars(self).update(vars(self.parse(given)))

    @classmethod
    def parse(cls, settings: Any) -> Self:
        """Read and check settings.

        Args:
            settings: a dict of values by name, or settings that are checked already.

        Returns:
            The settings. Checked settings are returned as the object that they are.

        Raises:
            ConfigurationError: names each wrong setting, what was found and what is allowed.

        """
        if isinstance(settings, cls):
            return settings
        settings = cls._under_present_names(settings)
        try:
            return cls.plain(settings)
        except ValueError:
            from stac_ingest.core.conversion import converted  # noqa: PLC0415 - see above

            made: Self = converted(cls, settings)
            return made

    def check(self) -> None:
        """Check what the settings are together.

        Raises:
            ValueError: they don't go together.

        """

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all settings.

        Returns:
            In the order in which the class defines them.

        """
        return [*_annotations(cls)]

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the default of each setting that has one.

        Returns:
            Name to value. A setting that has to be given isn't in it.

        """
        made = ((field.name, _default(field)) for field in fields(cls))  # type: ignore[arg-type] # subclasses are
        return {name: value for name, value in made if value is not MISSING}

    def is_given(self, name: str) -> bool:
        """Return whether a setting was given, be it with the value that is its default.

        Args:
            name: of the setting.

        Returns:
            False for a setting that wasn't given, and for a name that no setting has.

        """
        return name in self._given

    def changed(self) -> dict[str, Any]:
        """Return the settings whose value isn't their default.

        Returns:
            Name to value, in the order of `names`.

        """
        defaults = self.defaults()
        values = {name: getattr(self, name) for name in self.names()}
        return {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}

    def given(self) -> dict[str, Any]:
        """Return the settings that were given, as `parse` takes them again.

        Returns:
            Name to value, in the order of `names`; nested settings as a dict of the same kind.

        """
        values = ((name, getattr(self, name)) for name in self.names() if name in self._given)
        return {name: value.given() if isinstance(value, Settings) else value for name, value in values}

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values of some settings.

        Args:
            **changes: new values by name. All others that were given stay.

        Returns:
            New settings, checked as a whole.

        Raises:
            ConfigurationError: names each wrong setting, what was found and what is allowed.

        """
        return self.parse({name: getattr(self, name) for name in self.names() if name in self._given} | changes)

    @classmethod
    def _under_present_names(cls, settings: Any) -> Any:
        if not isinstance(settings, dict) or not cls.RENAMED.keys() & settings.keys():
            return settings
        from stac_ingest.core.renamed import with_present_names  # noqa: PLC0415 - few settings have an old name

        return with_present_names(settings, cls.RENAMED)

    @classmethod
    def plain(cls, given: Any) -> Self:
        """Make settings of values that need no conversion, without pydantic.

        Args:
            given: a dict of values by name.

        Returns:
            The settings.

        Raises:
            ValueError: a value needs conversion or is wrong; pydantic has to look at it.

        """
        annotations = _annotations(cls)
        if type(given) is not dict or not given.keys() <= annotations.keys():
            raise ValueError
        values = cls.defaults() | {name: plain_value(value, annotations[name]) for name, value in given.items()}
        if values.keys() != annotations.keys():
            raise ValueError
        return cls._complete(cls.__new__(cls), values, given)

    @staticmethod
    def _complete(made: _Made, values: Mapping[str, Any], given: Iterable[str]) -> _Made:
        vars(made).update(values, _given=frozenset(given))
        made.check()
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        _annotations(cls)  # a subclass has to be a dataclass before pydantic looks at it

        def read(found: Any, make: Callable[[Any], Any]) -> Any:
            if isinstance(found, cls):
                return found
            # Of a dataclass, pydantic takes a dictionary and no other mapping.
            found = dict(found) if isinstance(found, Mapping) else found
            found = cls._under_present_names(found)
            return cls._complete(make(found), {}, found)

        return core_schema.no_info_wrap_validator_function(read, handler(source))


_ANNOTATIONS: dict[type, dict[str, Any]] = {}
_FIRST = Lock()
"""A class becomes a dataclass once, whichever thread is the first to need it."""


def _annotations(kind: Any) -> dict[str, Any]:
    """Return the annotation of each setting."""
    if kind not in _ANNOTATIONS:
        with _FIRST:
            if "__dataclass_fields__" not in vars(kind):  # a subclass without the decorator
                dataclass(init=False, frozen=True)(kind)
        found = get_type_hints(kind, include_extras=True)
        _ANNOTATIONS[kind] = {field.name: found[field.name] for field in fields(kind)}
    return _ANNOTATIONS[kind]


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
