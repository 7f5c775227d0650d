"""Many short cases in one test: for a test, pytest takes longer than a case of a millisecond."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

__all__ = ["for_each"]


def for_each(
    names: str | tuple[str, ...], cases: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As ``pytest.mark.parametrize``, but one test, which tells each case that fails.

    They share the test's fixtures.
    """
    words = names.replace(",", " ").split() if isinstance(names, str) else [*names]
    given = [values_of(case, len(words)) for case in cases]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def every(**fixtures: Any) -> None:
            assert given, "there are no cases"
            failures: list[BaseException] = []
            told = ""
            for values in given:
                case = dict(zip(words, values, strict=True))
                try:
                    test(**case, **fixtures)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - told below
                    failures.append(error)
                    said = "".join(traceback.format_exception_only(error))
                    told += "\n" + ", ".join(f"{n}={v!r}" for n, v in case.items()) + f": {said}"
            if failures:
                said = f"{len(failures)} of {len(given)} cases fail:\n{told}"
                raise AssertionError(said) from failures[0]

        signature = inspect.signature(test)
        left = [each for each in signature.parameters.values() if each.name not in words]
        every.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return every

    return decorate


def values_of(case: Any, number: int) -> tuple[Any, ...]:
    values = getattr(case, "values", None)  # of pytest.param
    if isinstance(values, tuple):
        return values
    return (case,) if number == 1 else tuple(case)
