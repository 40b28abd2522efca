"""Commands that neither answer nor search start fast: they import no model and no vector database."""

import pytest

from bench._imports import heavy, imports_of


@pytest.mark.parametrize("command", [("check",), ("migrate", "--plan")], ids=" ".join)
def test_a_command_imports_neither_chroma_nor_openai(command, tmp_path):
    modules = imports_of(*command, environment={"DATA_DIR": str(tmp_path)})
    assert "django.core.management" in modules
    assert heavy(modules) == set()
