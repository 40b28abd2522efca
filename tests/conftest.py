"""The cast and the stage: every test runs on data of its own, in a folder that vanishes."""

import fcntl
import gc
import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from tests.sharing import SharingScheduling

    return SharingScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    from tests.sharing import rank

    items.sort(key=lambda item: rank(item.nodeid))


def pytest_collection_finish():
    """What is there before the first test stays: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """A file: connections of several threads cannot share SQLite's in-memory database without lock errors."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        database.setdefault("TEST", {})["NAME"] = str(settings.DATA_DIR / "test.sqlite3")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A folder of this test run, whatever number of processes runs the tests."""
    mine = tmp_path_factory.getbasetemp()
    return mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine


@pytest.fixture(scope="session")
def demo_shop(run_folder):
    """A folder of data with the demo shop, made once in a test run; to be copied."""
    from tests.warm import manage

    folder = run_folder / "demo-shop"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            env = os.environ | {"DATA_DIR": str(folder)}
            manage("migrate", "-v0", env=env)
            manage("demo", env=env)
            (folder / "complete").touch()
    return folder


@pytest.fixture
def alice(db):
    """A customer, of an account of her own."""
    from support_site.accounts.models import User

    return User.objects.create_user("alice@example.com", "demo-password", name="Alice Moreau")


@pytest.fixture
def bob(db):
    """A customer of another account, who must never see anything of alice's."""
    from support_site.accounts.models import User

    return User.objects.create_user("bob@example.com", "demo-password", name="Bob Tanaka")


@pytest.fixture
def sam(db):
    """Staff who may do everything in the admin."""
    from support_site.accounts.models import User

    return User.objects.create_superuser("sam@example.com", "demo-password", name="Sam Okafor")


@pytest.fixture
def rita(db):
    """Staff who may read and nothing else."""
    from django.contrib.auth.models import Permission

    from support_site.accounts.models import User

    user = User.objects.create_user("rita@example.com", "demo-password", name="Rita Lind", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return user


@pytest.fixture
def desk(sam):
    """A browser in which sam is signed in."""
    return _signed_in(sam)


@pytest.fixture
def reader(rita):
    """A browser in which rita is signed in."""
    return _signed_in(rita)


def _signed_in(user):
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def no_tasks(monkeypatch):
    """Tasks are noted and not sent: [(task name, arguments ...)]."""
    made = []

    def note(task, args=(), kwargs=None, **options):
        made.append((task.name.rpartition(".")[2], *args))

    monkeypatch.setattr("celery.app.task.Task.apply_async", note)
    return made
