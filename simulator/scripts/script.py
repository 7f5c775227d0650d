"""Scripts as data: a call, what its caller does and what must be heard, as a small YAML file.

    handler: ivr.py
    call: {caller: "1001", destination: "5000"}
    steps:
      - hear: ivr/ivr-welcome
      - press: "1"
      - wait
    expect: {cause: NORMAL_CLEARING, heard: [ivr/ivr-welcome, ivr/ivr-option-1]}

`run_script` makes the call. docs/scripts.md tells what may stand in a file; the tables in
`simulator.scripts.shapes` are what it is checked against.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from eslsync import Outbound
from eslsync.loading import (
    Handler,
    LoadError,
    handler_in,
    load,
    load_handler,
    module_of,
)
from eslsync.stacks import summary_of, users_frames

from ..calling.call import Call, CallFailed, without_suffix
from ..calling.faults import Fault
from ..calling.freeswitch import FreeSwitch
from ..clockwork.virtual_time import SimulationError
from .shapes import CALL, CIRCUMSTANCES, EXPECT, SWITCH, ScriptError, check, unknown
from .steps import Step
from .yaml import place, plain, read, shown, write

__all__ = ["Script", "ScriptError", "Step", "run_script"]

#: The caller's number, where a script doesn't say.
CALLER = "1001"


@dataclass(frozen=True)
class Script:
    """A call to a handler, and what its caller does, as data.

    ``handler`` is the handler's file, relative to the script's; ``name`` what it is called in
    there (default: as `eslsync call` finds it). ``call`` are the circumstances (CIRCUMSTANCES in
    `simulator.scripts.shapes`), ``expect`` is what must be so after the last step (EXPECT there).
    """

    handler: str
    steps: Sequence[Step] = ()
    name: str | None = None
    call: Mapping[str, object] = field(default_factory=dict)
    expect: Mapping[str, object] = field(default_factory=dict)
    #: The file it was read from, and the lines of what is in there besides the steps.
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
        self._check_callers(self.steps, [str(self.call.get("caller", CALLER))])

    def _check_callers(self, steps: Sequence[Step], callers: list[str]) -> None:
        """Who goes on has called before, and under a number of his own."""
        for step in steps:
            if step.verb not in ("call", "as"):
                continue
            number = str(step.options["caller"])
            if (number in callers) is (step.verb == "call"):
                said = (
                    f"there is a caller {number} already; as: goes on as that one"
                    if step.verb == "call"
                    else f"no caller {number} has called by then; there are {', '.join(callers)}"
                )
                where = "" if step.line is None else f"{self._where(step.line)}: "
                raise ScriptError(f"{where}{said}")
            if step.verb == "call":
                callers.append(number)
            self._check_callers(step.steps, callers)

    @classmethod
    def parse(cls, text: str, path: str | Path | None = None) -> Script:
        """A script from its YAML. ``path`` is where handlers are looked for, and what errors
        name; raises ScriptError."""
        path = None if path is None else Path(path)
        parts = read(text, path)
        return cls(
            parts.handler, parts.steps, parts.name, parts.call, parts.expect, path, parts.lines
        )

    @classmethod
    def read(cls, path: str | Path) -> Script:
        """A script from a file; raises ScriptError."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ScriptError(f"{shown(path)}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ScriptError(f"{shown(path)}: not UTF-8 at byte {error.start}") from None
        return cls.parse(text, path)

    def dump(self) -> str:
        """The script as YAML; `parse` makes an equal one of it."""
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
    ) -> Call:
        """Make the call, and return it when it has ended.

        ``handler`` and ``seed`` stand in for the script's own. A handler that is an address,
        "host:port", is a program of any language, called in real time.

        Raises ScriptError if there is no such handler, CallFailed, which tells the file and the
        line of the step, if the call does not go as the script says or the handler raises, and
        SimulationError.
        """
        if handler is None:
            handler = self.load()
        real_time = real_time or isinstance(handler, str)
        if real_time and "start" in self.call:
            where = self._where(self.lines.get("call"))
            raise ScriptError(f"{where}: a call in real time begins now; leave start out of it")
        options, circumstances = self.circumstances()
        if seed is not None:
            options["seed"] = seed
        if real_time:
            options["real_time"] = True
        with FreeSwitch(**options) as switch:
            call = switch.call(handler, **circumstances)
            self.play(call)
            # leaving the block raises what the handler raises at the hangup: with its place too
            with self._place(call, f"{self._where()}, after the last step"):
                call.hangup()
        return call

    def load(self) -> Handler | Outbound:
        """The handler that the script names. Raises ScriptError if there is none."""
        with self._loading("handler"):
            return load_handler(shown(self._beside(self.handler)), self.name)

    def play(self, call: Call) -> None:
        """Let a call's caller do the steps, and look whether what is expected is so.

        Raises CallFailed, as `run` does; so a script can be given to `sweep`.
        """
        self.set_up_far_ends(call)
        self._play(self.steps, call, {str(self.call.get("caller", CALLER)): call})
        for name, expected in self.expect.items():
            said = _difference(call, name, expected)
            if said:
                where = self._where(self.lines.get(f"expect.{name}"))
                raise CallFailed(f"{where}: {said}", call.ladder)

    def circumstances(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of FreeSwitch, and those of FreeSwitch.call, that ``call`` stands for."""
        return self._switch(), self._call()

    def set_up_far_ends(self, call: Call) -> None:
        """Tell the call's switch how the script's far ends behave; raises ScriptError."""
        files: dict[Path, ModuleType] = {}
        far_ends: Any = self.call.get("endpoints", {})
        for dial_string, behaviour in far_ends.items():
            options: dict[str, Any] = {
                key: None if value == "never" else value for key, value in behaviour.items()
            }
            if "presses" in options:
                options["presses"] = [
                    (each["after"], each["digits"]) for each in options["presses"]
                ]
            if "handler" in options:
                with self._loading("call.endpoints"):
                    options["handler"] = self._far_handler(options["handler"], call, files)
            call.switch.endpoint(dial_string, **options)

    # Inside

    def _play(self, steps: Sequence[Step], call: Call, callers: dict[str, Call]) -> None:
        for step in steps:
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

    def _far_handler(
        self, handler: str | Mapping[str, str], call: Call, files: dict[Path, ModuleType]
    ) -> Handler | Outbound:
        """The handler of a far end: of another file, or of the one that the call's is in."""
        named = {"file": handler} if isinstance(handler, str) else handler
        path = self._beside(named.get("file", self.handler))
        if path not in files:
            same = "file" not in named and not isinstance(call.app, str)
            module = module_of(call.app) if same else None  # type: ignore[arg-type]
            files[path] = module or load(Path(shown(path)))
        return handler_in(files[path], Path(shown(path)), named.get("name"))

    @contextmanager
    def _loading(self, key: str) -> Iterator[None]:
        """What can't be loaded in here says where in the script it is named."""
        try:
            yield
        except LoadError as error:
            raise ScriptError(f"{self._where(self.lines.get(key))}: {error}") from error

    def _where(self, line: int | None = None) -> str:
        return place(self.path, line)

    def _beside(self, file: str) -> Path:
        """A path that is written in the script."""
        return Path(file) if self.path is None else self.path.parent / file

    @contextmanager
    def _place(self, call: Call, where: str) -> Iterator[None]:
        """What goes wrong in here says where in the script that was."""
        try:
            yield
        except Exception as error:
            for each in (call, *call.switch.calls.values()):
                if error is each.error:
                    said = f"the handler raised {_with_line(error)}"
                    raise CallFailed(f"{where}: {said}\n\n{each.ladder()}") from error
            if isinstance(error, CallFailed):
                raise error.at(where) from None
            if isinstance(error, SimulationError):
                raise SimulationError(f"{where}: {error}\n\n{call.ladder()}") from None
            raise


def run_script(path: str | Path, *, seed: int | None = None, real_time: bool = False) -> Call:
    """Make the call that a script file describes; see `Script.run`."""
    return Script.read(path).run(seed=seed, real_time=real_time)


def _action(written: str | Mapping[str, str]) -> tuple[str, str]:
    """A dialplan application, and what it is given."""
    if isinstance(written, str):
        return written, ""
    [action] = written.items()
    return action


def _fault(written: Mapping[str, Any]) -> Fault:
    [(kind, at)] = written.items()
    return Fault(kind, **at) if isinstance(at, Mapping) else Fault(kind, at)  # type: ignore[arg-type]


# What is said


def _with_line(error: BaseException) -> str:
    """An exception, and the line it comes from: the last one that is not ours."""
    said = summary_of(error)
    theirs = users_frames(traceback.extract_tb(error.__traceback__))
    if not theirs:
        return said
    return f"{said} ({shown(Path(theirs[-1].filename))}:{theirs[-1].lineno}, in {theirs[-1].name})"


def _difference(call: Call, name: str, expected: Any) -> str | None:
    """How the call is not what ``expect`` says; None if it is."""
    if name == "cause":
        if call.cause is None:
            return (
                f"expected {expected} to be why the call ended, and after the last step it is "
                "still up; end the steps with wait or hangup"
            )
        if call.cause != expected:
            return f"expected {expected} to be why the call ended; it was {call.cause}"
    elif name == "answered":
        if call.answered is not expected:
            return f"the call was {'' if call.answered else 'not '}answered"
    elif name == "given_back":
        if call.given_back is not expected:
            did = "gave the call back" if call.given_back else "did not give the call back"
            return f"the handler {did}"
    elif name == "bridged":
        return _lists("the caller was bridged to others", expected, call.bridged, "was")
    elif name == "variables":
        for variable, value in expected.items():
            found = call.variable(variable)
            if found != value:
                was = "it is not set" if found is None else f"it was {found!r}"
                return f"expected the variable {variable} to be {value!r}; {was}"
    else:
        wanted = [without_suffix(prompt) for prompt in expected]
        heard = [without_suffix(prompt) for prompt in call.heard]
        return _lists("other prompts were heard", wanted, heard, "heard")
    return None


def _lists(what: str, wanted: Sequence[str], found: Sequence[str], verb: str) -> str | None:
    """How two lists differ; None if they don't."""
    if list(wanted) == list(found):
        return None
    lines = [f"  {line}" for line in difflib.ndiff(wanted, found) if line[0] != "?"]
    return "\n".join([f"{what} than expected (- missed, + {verb}):", *lines])
