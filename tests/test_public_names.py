"""What `import venuekit` offers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import venuekit

SOURCE = Path(venuekit.__file__)


def test_every_public_name_can_be_had() -> None:
    for name in venuekit.__all__:
        assert getattr(venuekit, name) is not None


def test_type_checkers_see_every_public_name() -> None:
    imported = {
        alias.name
        for node in ast.walk(ast.parse(SOURCE.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("venuekit")
        for alias in node.names
    }
    assert imported == set(venuekit.__all__) - {"__version__"}


def test_errors_can_be_caught_by_the_package_alone() -> None:
    script = "import venuekit\nprint(venuekit.errors.BookNotLive.__name__)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == "BookNotLive\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        venuekit.conect  # noqa: B018


def test_importing_the_package_imports_next_to_nothing() -> None:
    script = """
import sys
before = set(sys.modules)
import venuekit
print(len(set(sys.modules) - before), "aiohttp" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    modules, has_aiohttp = said.split()
    assert int(modules) < 40
    assert has_aiohttp == "False"
