"""A script: a call, its caller's actions and expectations, as data or a small YAML file.

    handler: ivr.py
    call: {caller: "1001", destination: "5000"}
    steps:
      - hear: ivr/ivr-welcome
      - press: "1"
      - wait
    expect: {cause: NORMAL_CLEARING, heard: [ivr/ivr-welcome, ivr/ivr-option-1]}

`run_script` makes the call. docs/guides/scripts.md describes the format, and the tables in
`simulator.scripts.shapes` define it.
"""

from __future__ import annotations

import difflib
import pkgutil
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from eslsync import Outbound
from eslsync.loading import AppName, Handler, LoadError, module_of
from eslsync.stacks import summary_of, users_frames

from ..calling.call import Call, CallFailed, check_end, line_of, without_suffix
from ..calling.faults import Fault
from ..calling.freeswitch import PATIENCE, FreeSwitch, simulation_of
from ..calling.line import App, is_address
from ..clockwork.virtual_time import SimulationError
from .nodes import place, shown, text_of
from .shapes import CALL, CIRCUMSTANCES, EXPECT, SWITCH, ScriptError, check, unknown
from .steps import Step
from .yaml import plain, read, write

__all__ = ["Script", "ScriptError", "Step", "run_script"]

#: The caller's number, and the one dialled, if a script doesn't give them.
USUAL_NUMBER, USUAL_DESTINATION = "1001", "5000"
#: Steps of a far end.
AT = "at: {far_end: user/1000, steps: [answer]}"


@dataclass(frozen=True)
class Script:
    """A call to a handler, and its caller's actions, as data.

    ``handler`` names the handler's file, relative to the script's, its module, or the address of a
    program in any language, as for `eslsync call`; ``name`` is the handler's name there (default:
    found as by `eslsync call`). ``call`` gives the circumstances (CIRCUMSTANCES in
    `simulator.scripts.shapes`), ``expect`` the expectations after the last step (EXPECT there).
    Raises ScriptError.
    """

    handler: str
    steps: Sequence[Step] = ()
    name: str | None = None
    call: Mapping[str, object] = field(default_factory=dict)
    expect: Mapping[str, object] = field(default_factory=dict)
    #: The file it was read from, and the lines there of everything but the steps.
    path: Path | None = field(default=None, compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for where, values, allowed in (
            ("call", self.call, CIRCUMSTANCES),
            ("expect", self.expect, EXPECT),
        ):
            for name, value in values.items():
                if name not in allowed:
                    raise ScriptError(unknown(f"{where} has no", name, allowed))
                check(f"{name} of {where}", value, allowed[name])
            object.__setattr__(self, where, plain(values))
        object.__setattr__(self, "steps", tuple(self.steps))
        self._check_steps(self.steps, [str(self.call.get("caller", USUAL_NUMBER))])

    def _check_steps(self, steps: Sequence[Step], callers: list[str]) -> None:
        """Check that ``as`` names a caller who has called, and ``call`` one who has not.

        And that what only a far end does stands in ``at``.
        """
        for step in steps:
            if step.verb in ("answer", "reject"):
                where = "" if step.line is None else f"{self._where(step.line)}: "
                said = "is what a far end does: put it among the steps of at"
                raise ScriptError(f"{where}{step.verb} {said}, as in {AT}")
            if step.verb not in ("call", "as"):
                continue
            number = str(step.options["caller"])
            if (number in callers) is (step.verb == "call"):
                said = f"caller {number} has called already; use as: to go on as that caller"
                if step.verb == "as":
                    so_far = ", ".join(callers)
                    said = f"caller {number} has not called by then; callers so far: {so_far}"
                where = "" if step.line is None else f"{self._where(step.line)}: "
                raise ScriptError(f"{where}{said}")
            if step.verb == "call":
                callers.append(number)
            self._check_steps(step.steps, callers)

    @classmethod
    def parse(cls, text: str, path: str | Path | None = None) -> Script:
        """The script in a YAML text; raises ScriptError.

        ``path`` is the file that errors name; handlers are found relative to it.
        """
        path = None if path is None else Path(path)
        parts = read(text, path)
        return cls(
            parts.handler, parts.steps, parts.name, parts.call, parts.expect, path, parts.lines
        )

    @classmethod
    def read(cls, path: str | Path) -> Script:
        """The script in the file ``path``; raises ScriptError."""
        path = Path(path)
        return cls.parse(text_of(path), path)

    def dump(self) -> str:
        """The script as YAML, of which `parse` makes an equal one."""
        named = {"file": self.handler, "name": self.name}
        data: dict[str, object] = {"handler": self.handler if self.name is None else named}
        if self.call:
            data["call"] = self.call
        data["steps"] = self.steps
        if self.expect:
            data["expect"] = self.expect
        return write(data)

    def run(
        self,
        handler: Handler | Outbound | str | None = None,
        *,
        seed: int | None = None,
        real_time: bool = False,
        patience: float | None = PATIENCE,
    ) -> Call:
        """Make the call, and return it when it has ended.

        ``handler`` and ``seed`` replace the script's own. A handler that is an address,
        "host:port", is a program in any language, which is called in real time, and so is any with
        ``real_time=True``. ``patience`` is that of `FreeSwitch`, in seconds.

        Raises ScriptError if the handler does not exist; CallFailed, with the file and line of
        the step, if the call does not go as the script says or the handler raises; and
        SimulationError if the handler is stuck.
        """
        if handler is None:
            handler = self.load()
        real_time = real_time or isinstance(handler, str)
        if real_time and "start" in self.call:
            where = self._where(self.lines.get("call"))
            raise ScriptError(f"{where}: a call in real time begins now; leave start out")
        options, circumstances = self.circumstances()
        if seed is not None:
            options["seed"] = seed
        if real_time:
            options["real_time"] = True
        options["patience"] = patience
        with self._made(options) as switch:
            with self._valid():
                call = switch.call(handler, **circumstances)
            self.play(call)
            # An exception of the handler at the hangup is raised here, too, to name its place.
            with self._place(call, f"{self._where()}, after the last step"):
                simulation_of(switch).see_out()
                call.hangup()
            with self._place(
                call, self._where(self.lines.get("call.faults") if call.missed else None)
            ):
                check_end(line_of(call))
        return call

    def _made(self, options: Mapping[str, Any]) -> FreeSwitch:
        with self._valid():
            return FreeSwitch(**options)

    def load(self) -> App:
        """The handler that the script names; raises ScriptError if it does not exist."""
        if is_address(self.handler):
            return self.handler
        with self._loading("handler"):
            named = self._named(self.handler, self.name)
            return named.handler_in(named.load())

    def play(self, call: Call) -> None:
        """Play the steps in a call, and check the expectations.

        Raises CallFailed as `run` does. `sweep` takes this method as its script.
        """
        self.set_up(call)
        self._play(self.steps, call, {str(self.call.get("caller", USUAL_NUMBER)): call})
        for name, expected in self.expect.items():
            said = _difference(call, name, expected)
            if said:
                where = self._where(self.lines.get(f"expect.{name}"))
                raise CallFailed(f"{where}: {said}", call.ladder)

    def circumstances(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of FreeSwitch, and those of FreeSwitch.call, that ``call`` gives."""
        return self._switch(), self._call()

    def set_up(self, call: Call) -> None:
        """Set up what is around the call on the switch: far ends, listeners, and what is outside.

        Raises ScriptError.
        """
        modules: dict[str, ModuleType] = {}
        far_ends: Any = self.call.get("endpoints", {})
        for dial_string, behaviour in far_ends.items():
            options: dict[str, Any] = {
                key: None if value == "never" else value for key, value in behaviour.items()
            }
            if "presses" in options:
                options["presses"] = [
                    (each["after"], each["digits"]) for each in options["presses"]
                ]
            if "transfers" in options:
                options["transfers"] = (options["transfers"]["after"], options["transfers"]["to"])
            if "handler" in options:
                with self._loading("call.endpoints"):
                    options["handler"] = self._other_handler(options["handler"], call, modules)
            call.switch.endpoint(dial_string, **options)
        listeners: Any = self.call.get("listeners", {})
        for address, handler in listeners.items():
            with self._loading("call.listeners"):
                call.switch.listen(address, self._other_handler(handler, call, modules))
        outside: Any = self.call.get("outside", ())
        try:
            for function, options in map(_outside, outside):
                call.switch.outside(function, **options)
        except (TypeError, ValueError) as error:
            where = self._where(self.lines.get("call.outside"))
            raise ScriptError(f"{where}: {error}") from None

    # Inside

    def _play(self, steps: Sequence[Step], call: Call, callers: dict[str, Call]) -> None:
        for step in steps:
            if step.verb == "at":
                self._play_at(step, call)
                continue
            if step.verb not in ("call", "as"):
                with self._place(call, self._where(step.line)):
                    step.play(call)
                continue
            number = str(step.options["caller"])
            if step.verb == "call":
                options: Any = {k: v for k, v in step.options.items() if k != "steps"}
                options.setdefault("destination", call.destination)
                callers[number] = call.switch.call(call.app, **options)
            self._play(step.steps, callers[number], callers)

    def _play_at(self, at: Step, call: Call) -> None:
        options: Any = {key: value for key, value in at.options.items() if key != "steps"}
        try:
            far_end = call.switch.far_end(options["far_end"], options.get("number"))
        except ValueError as error:
            raise ScriptError(f"{self._where(at.line)}: {error}") from None
        for step in at.steps:
            with self._place(call, self._where(step.line)):
                step.play(far_end)

    def _switch(self) -> dict[str, Any]:
        """The options of FreeSwitch."""
        options: dict[str, Any] = {key: self.call[key] for key in SWITCH if key in self.call}
        if "sounds" in options:
            options["sounds"] = self._beside(options["sounds"])
        for key in ("extensions", "phrases"):
            if key in options:
                options[key] = {
                    name: [_action(each) for each in actions]
                    for name, actions in options[key].items()
                }
        return options

    def _call(self) -> dict[str, Any]:
        """The options of FreeSwitch.call."""
        options: dict[str, Any] = {key: self.call[key] for key in CALL if key in self.call}
        for key in ("before", "after"):
            if key in options:
                options[key] = [_action(each) for each in options[key]]
        if "faults" in options:
            options["faults"] = [_fault(each) for each in options["faults"]]
        return options

    def _other_handler(
        self, handler: str | Mapping[str, str], call: Call, modules: dict[str, ModuleType]
    ) -> Handler | Outbound:
        """The handler of a far end or listener, in another file or that of the call's."""
        given = {"file": handler} if isinstance(handler, str) else handler
        same = "file" not in given
        if same:
            named = self._named(self.handler)._replace(name=given.get("name"))
        else:
            named = self._named(given["file"], given.get("name"))
        if named.where not in modules:
            known = same and not isinstance(call.app, str)
            module = module_of(call.app) if known else None  # type: ignore[arg-type]
            modules[named.where] = module or named.load()
        return named.handler_in(modules[named.where])

    def _named(self, app: str, name: str | None = None) -> AppName:
        """What the script calls an app by; files are relative to the script's."""
        named = AppName.of(app, name, base="" if self.path is None else self.path.parent)
        return named._replace(where=shown(Path(named.where))) if named.is_file else named

    @contextmanager
    def _loading(self, key: str) -> Iterator[None]:
        """Turn a LoadError in the block into a ScriptError that names the place in the script.

        A script that was never written has none.
        """
        try:
            yield
        except LoadError as error:
            line = self.lines.get(key)
            isnt_written = self.path is None and line is None
            said = str(error) if isnt_written else f"{self._where(line)}: {error}"
            raise ScriptError(said) from error

    @contextmanager
    def _valid(self) -> Iterator[None]:
        """Turn a ValueError in the block into a ScriptError that names the place in the script."""
        try:
            yield
        except ValueError as error:
            raise ScriptError(f"{self._where(self.lines.get('call'))}: {error}") from None

    def _where(self, line: int | None = None) -> str:
        return place(self.path, line)

    def _beside(self, file: str) -> Path:
        """A path in the script, relative to the script's file."""
        return Path(file) if self.path is None else self.path.parent / file

    @contextmanager
    def _place(self, call: Call, where: str) -> Iterator[None]:
        """Add the place in the script to failures in the block."""
        try:
            yield
        except Exception as error:
            for each in (call, *call.switch.calls.values()):
                if error is line_of(each).error:
                    said = f"the handler raised {_with_line(error)}"
                    raise CallFailed(f"{where}: {said}\n\n{each.ladder()}") from error
            if isinstance(error, CallFailed):
                raise error.at(where) from None
            if isinstance(error, SimulationError):
                raise SimulationError(f"{where}: {error}\n\n{call.ladder()}") from None
            raise


def run_script(path: str | Path, *, seed: int | None = None, real_time: bool = False) -> Call:
    """Make the call of a script in a file; see `Script.run`."""
    return Script.read(path).run(seed=seed, real_time=real_time)


def _action(written: str | Mapping[str, str]) -> tuple[str, str]:
    """A dialplan application and its data, as a pair."""
    if isinstance(written, str):
        return written, ""
    [action] = written.items()
    return action


def _outside(written: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A function outside of the call, and the options of FreeSwitch.outside."""
    if isinstance(written, str):
        return written, {}
    options = dict(written)
    if options.get("takes") == "never":
        options["takes"] = None
    if "fails" in options:
        options["fails"] = options["fails"] == "usual" or _exception(options["fails"])
    return options.pop("function"), options


def _exception(name: str) -> object:
    """The class of exceptions with a dotted name, or that Python has itself."""
    try:
        return pkgutil.resolve_name(name if "." in name else f"builtins.{name}")
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"there is no exception {name}: {error}") from None


def _fault(written: Mapping[str, Any]) -> Fault:
    [(kind, at)] = written.items()
    return Fault(kind, **at) if isinstance(at, Mapping) else Fault(kind, at)  # type: ignore[arg-type]


# Messages


def _with_line(error: BaseException) -> str:
    """An exception in one line, with the last line of the user's code in its traceback."""
    said = summary_of(error)
    theirs = users_frames(traceback.extract_tb(error.__traceback__))
    if not theirs:
        return said
    return f"{said} ({shown(Path(theirs[-1].filename))}:{theirs[-1].lineno}, in {theirs[-1].name})"


def _difference(call: Call, name: str, expected: Any) -> str | None:
    """The difference of the call from the expectation, in words; None if there is none."""
    if name == "cause":
        if call.cause is None:
            return (
                f"expected the call to end with {expected}, but after the last step it is still "
                "up; end the steps with wait or hangup"
            )
        if call.cause != expected:
            return f"expected the call to end with {expected}; it ended with {call.cause}"
    elif name == "answered":
        if call.answered is not expected:
            return f"the call was {'' if call.answered else 'not '}answered"
    elif name == "given_back":
        if call.given_back is not expected:
            did = "gave the call back" if call.given_back else "did not give the call back"
            return f"the handler {did}"
    elif name == "bridged":
        return _lists("the caller was bridged otherwise", expected, call.bridged, "bridged")
    elif name == "variables":
        for variable, value in expected.items():
            found = call.variable(variable)
            if found != value:
                was = "it is not set" if found is None else f"it was {found!r}"
                return f"expected the variable {variable} to be {value!r}; {was}"
    else:
        wanted = [without_suffix(prompt) for prompt in expected]
        heard = [without_suffix(prompt) for prompt in call.heard]
        return _lists("the caller heard other prompts", wanted, heard, "heard")
    return None


def _lists(what: str, wanted: Sequence[str], found: Sequence[str], verb: str) -> str | None:
    """The differences of two lists, line by line; None if they are equal."""
    if list(wanted) == list(found):
        return None
    lines = [f"  {line}" for line in difflib.ndiff(wanted, found) if line[0] != "?"]
    return "\n".join([f"{what} than expected (- missed, + {verb}):", *lines])
