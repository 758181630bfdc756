"""Each public function of an operation module is an operation with keyword-only arguments and an actor (rules 1, 2)."""

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

from backoffice import operations

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(operations.__path__, "backoffice.operations.")
]


def _operations(module: ModuleType) -> dict[str, object]:
    return {name: thing for name, thing in vars(module).items() if getattr(thing, "is_operation", False) is True}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_operations_take_keywords_only_and_an_actor(module: ModuleType) -> None:
    for name, function in _operations(module).items():
        parameters = inspect.signature(function).parameters  # type: ignore[arg-type]
        kinds = {parameter.kind for parameter in parameters.values()}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY}, name
        assert "actor" in parameters, name
        assert inspect.getdoc(function), name


def test_there_are_operations() -> None:
    assert any(_operations(module) for module in MODULES)
