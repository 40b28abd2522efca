"""``python -m tests.store.published [pytest arguments]``: run them, 0 if nothing fails but what the list below excuses.

Downloads the source distributions of the versions installed here (they contain the tests) into a temporary
folder and runs them there with the ``swap`` plugin. Nothing of them is kept.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[3]
SUITES = {
    "langgraph-checkpoint": ["test_store.py"],
    "langgraph-checkpoint-sqlite": ["test_store.py", "test_async_store.py", "test_ttl.py"],
    "langgraph-checkpoint-postgres": ["test_store.py", "test_async_store.py"],
}
OPTIONS = (
    f"-q -W ignore -c {os.devnull} --rootdir . -o asyncio_mode=auto"
    " -p chroma_swap -p no:django -p no:cacheprovider"
).split()  # fmt: skip
NEEDED = ["pytest-mock", "pytest-retry"]

#: Tests of another store's insides, or of what contradicts the interface, and what each of them wants.
EXCUSED = {
    "test_sql_injection_vulnerability": "a filter key with a quote to be refused; here, as in memory, it is only data",
    "(test_vector_store_initialization and sqlite and not test_async_store)": "a table in sqlite_master",
    "test_ttl_override_default": "no refresh where refresh_on_read is absent; TTLConfig says it is then True",
    "test_abatch_uses_single_pool_checkout": "a count of psycopg connections",
}


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as place:
        needed = Path(place) / "needed"
        _pip("install", "--quiet", "--target", str(needed), "--no-deps", *NEEDED)
        shutil.copy(Path(__file__).with_name("swap.py"), needed / "chroma_swap.py")
        return max(_run(package, files, Path(place), arguments) for package, files in SUITES.items())


def _run(package: str, files: list[str], place: Path, arguments: list[str]) -> int:
    """Pytest's exit code for the suite of one package."""
    folder = _tests_of(package, place)
    sys.stderr.write(f"== {package} {version(package)}: {', '.join(files)}\n")
    without = " and ".join(f"not {name}" for name in EXCUSED)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-k", without, *(f"tests/{file}" for file in files), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (folder, place / "needed", ROOT)))},
        check=False,
    ).returncode


def _tests_of(package: str, place: Path) -> Path:
    """A folder with only the ``tests`` of the package: its modules would hide the installed ones."""
    _pip("download", "--quiet", "--no-deps", "--no-binary", ":all:", "-d", str(place), f"{package}=={version(package)}")
    folder = place / package
    with tarfile.open(next(place.glob(f"{package.replace('-', '_')}-{version(package)}.tar.gz"))) as archive:
        archive.extractall(place, filter="data")
    shutil.copytree(next(place.glob(f"{package.replace('-', '_')}-{version(package)}/tests")), folder / "tests")
    return folder


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True)


sys.exit(main(sys.argv[1:]))
