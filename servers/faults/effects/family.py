"""A key under `do` in a profile, such as `http`, and the faults that it can mean."""

from collections.abc import Callable
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from pydantic import BaseModel, ConfigDict, RootModel, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from formats.nearest import did_you_mean

from ...wire.call import Call, Era
from ..exchange import CountedAs, Effect, Exchange, Phase


class Fault(Protocol):
    """One kind of fault of a family: an `Effect` that leaves its name to the family."""

    def phase(self) -> Phase:
        """See `Effect`."""
        ...

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        ...

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        ...


AnyFault = TypeVar("AnyFault", bound=BaseModel)


class Family(RootModel[AnyFault], Generic[AnyFault]):
    """An `Effect` that is one of several faults: the one whose key stands among the settings.

    A family is `class Http(Family[Status | Hang | …])` with the same classes in `kinds`; the first field of each,
    `phase` aside, is the key that chooses it.
    """

    model_config = ConfigDict(frozen=True)
    kinds: ClassVar[tuple[type[BaseModel], ...]]

    @field_validator("root", mode="wrap")
    @classmethod
    def _choose(cls, settings: Any, _: Callable[[Any], Any], info: ValidationInfo) -> BaseModel:
        if isinstance(settings, cls.kinds):
            return settings
        by_key = {_key(kind): kind for kind in cls.kinds}
        given = [key for key in by_key if key in settings] if isinstance(settings, dict) else []
        if len(given) != 1:
            raise _complaint(settings, list(by_key), given)
        return by_key[given[0]].model_validate(settings, context=info.context)

    @property
    def fault(self) -> Fault:
        """The fault that was chosen."""
        return cast("Fault", self.root)  # that it is one follows from `kinds`

    def fault_type(self) -> str:
        """See `Effect`."""
        return f"{type(self).__name__.lower()}_{_key(type(self.root))}"

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.fault.phase()

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        return self.fault.expects(call)

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        return await self.fault.act(exchange)

    @property
    def aftermath(self) -> Effect | None:
        """See `Lasting`; what the fault names so."""
        return getattr(self.root, "aftermath", None)

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`; none unless the fault says some."""
        return self.root.error_types() if isinstance(self.root, CountedAs) else frozenset()

    def eras(self) -> frozenset[Era]:
        """The eras whose requests it can act on; both unless the fault has `eras` that say otherwise."""
        return getattr(self.root, "eras", frozenset({"handshake", "modern"}))


def _key(kind: type[BaseModel]) -> str:
    names = (field.alias or name for name, field in kind.model_fields.items())
    return next(name for name in names if name != "phase")


def _complaint(settings: Any, known: list[str], given: list[str]) -> PydanticCustomError:
    if given:
        what = {"names": " and ".join(given)}
        return PydanticCustomError("two_faults", "should be one fault, not {names}: write each by itself", what)
    keys = map(str, settings) if isinstance(settings, dict) else [str(settings)]
    hints = (did_you_mean(key, known) for key in keys)
    shape = "have" if isinstance(settings, dict) else "be a mapping with"
    what = {"shape": shape, "known": ", ".join(known), "hint": next(filter(None, hints), "")}
    return PydanticCustomError("no_fault", "should {shape} one of {known}{hint}", what)
