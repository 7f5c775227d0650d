"""Channel variables, set, read, and as a mapping; and values that all calls share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Literal

from ..checked import checked
from ..wire.arguments import (
    ARRAY,
    ARRAY_SEPARATOR,
    check_variable,
    holds_variables,
    item,
    literal,
    multiset_arguments,
    variable_name,
)
from ..wire.declared import Declaration
from ..wire.texts import sendable
from .base import Applications

__all__ = ["ChannelVariables", "VariableApplications"]


# bridge sends it, to know its own outcome
Declaration("multiunset", prepares=True, sets=True).register()


@checked
class VariableApplications(Applications):
    @property
    def variables(self) -> ChannelVariables:
        """The channel's variables, as a mapping.

        Reading returns the values in the last event with variables (most CHANNEL_* events have
        them); `get_variable` asks the switch. Assigning is `set`, ``del`` is `unset`.
        """
        return ChannelVariables(self)

    @Declaration("uuid_getvar", api=True)
    def get_variable(self, name: str, *, timeout: float | None = None) -> str | None:
        """Ask the switch for a variable; None if it is not set.

        Uses the api ``uuid_getvar``, which returns the whole value; on a socket without
        ``full``, uses ``getvar``, which cuts it at 511 bytes (recording 14f). Raises what
        `Session.send` raises.
        """
        return self.leg.ask_variable(variable_name(name), timeout)

    @Declaration("set", prepares=True, sets=True)
    def set(self, name: str, value: str | bytes, *, timeout: float | None = None) -> None:
        """Set a channel variable (application ``set``); wait until it is set.

        FreeSWITCH expands nothing in the value, which may have line breaks. An empty value unsets
        the variable, and ``ARRAY::one|:two`` makes it an array. Raises ValueError for a line break
        in a variable that becomes a SIP header (``sip_h_...``), and what `execute` raises.
        """
        value = sendable(value)
        check_variable(name, value)
        # The application expands the value once more (mod_dptools.c, base_set).
        self.leg.do_text("set", f"{name}={literal(value)}", timeout)

    @Declaration("multiset", prepares=True, sets=True)
    def multiset(
        self, variables: Mapping[str, str | bytes], *, timeout: float | None = None
    ) -> None:
        """Set several variables at once (application ``multiset``; recording 11h).

        Raises ValueError if the values contain every character that could separate them; for the
        rest see `set`.
        """
        for argument in multiset_arguments({n: sendable(value) for n, value in variables.items()}):
            self.leg.do("multiset", argument, timeout)

    @Declaration("unset", prepares=True, sets=True)
    def unset(self, name: str, *, timeout: float | None = None) -> None:
        """Unset a channel variable (application ``unset``). Raises what `execute` raises."""
        self.leg.do("unset", variable_name(name), timeout)

    @Declaration("export", prepares=True, sets=True)
    def export(
        self, name: str, value: str | bytes, *, nolocal: bool = False, timeout: float | None = None
    ) -> None:
        """Set a variable here and on legs called later (application ``export``).

        With ``nolocal``, only on those (recording 11h). Raises ValueError for a value with
        ``${``, which those legs would not get, and what `execute` raises.
        """
        value = sendable(value)
        check_variable(name, value)
        if holds_variables(value):
            # switch_channel.c, switch_channel_set_variable_var_check
            raise ValueError(
                f"export: other legs would not get {name}, since its value has ${{; write what "
                "it stands for"
            )
        prefix = "nolocal:" if nolocal else ""
        self.leg.do_text("export", f"{prefix}{name}={value}", timeout)

    @Declaration("push")
    def push(self, name: str, value: str | bytes, *, timeout: float | None = None) -> None:
        """Append to a variable, which becomes an array (application ``push``; recording 11h).

        Events have it as ``ARRAY::one|:two``; ``event.get_all("variable_" + name)`` splits it.
        Raises ValueError for ``|:`` in a value, and what `execute` raises.
        """
        value = sendable(value)
        if ARRAY_SEPARATOR in value or value.startswith(ARRAY):
            raise ValueError(
                f"push: FreeSWITCH takes the value of {name} for an array; push its elements "
                "one by one"
            )
        check_variable(name, value)
        self.leg.do_text("push", f"{name}={literal(value)}", timeout)

    @Declaration("hash", argument=("action", "realm", "key", "value"), separator="/", prepares=True)
    def hash(
        self,
        action: Literal["insert", "insert_ifempty", "delete", "delete_ifmatch"],
        realm: str,
        key: str,
        value: str | bytes = "",
        *,
        timeout: float | None = None,
    ) -> None:
        """Store a value under a realm and a key, or delete it (application ``hash``; 28a).

        ``action`` is ``"insert"`` or ``"delete"``, or one with a condition. Until the switch
        restarts, any call can read it with
        ``session.api(f"hash select/{realm}/{key}")``. ``"insert_ifempty"`` stores unless the key
        has a value, ``"delete_ifmatch"`` deletes if its value is ``value`` (mod_hash.c,
        hash_function). Raises ValueError for an empty realm, key or value, and what `execute`
        raises.
        """
        words = [realm, key, *([] if action == "delete" else [sendable(value)])]
        if not all(words):
            raise ValueError(f"hash: {action} needs a realm, a key and a value, none of them empty")
        self.leg.do("hash", "/".join([action, *(item(word, "/") for word in words)]), timeout)


class ChannelVariables(MutableMapping[str, str]):
    """The mapping `Channel.variables`."""

    def __init__(self, channel: VariableApplications) -> None:
        self._channel = channel

    def __getitem__(self, name: str) -> str:
        return self._channel.leg.known.variables[name]

    def get_bytes(self, name: str) -> bytes | None:
        """A variable's value in the last event, as bytes, for values that are not UTF-8."""
        return self._channel.leg.known.variables.get_bytes(name)

    def __setitem__(self, name: str, value: str | bytes) -> None:
        self._channel.set(name, value)

    def __delitem__(self, name: str) -> None:
        self._channel.unset(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._channel.leg.known.variables)

    def __len__(self) -> int:
        return len(self._channel.leg.known.variables)

    def __repr__(self) -> str:
        return repr(self._channel.leg.known.variables)
