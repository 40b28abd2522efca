import pytest
from django.core.cache import cache

PASSWORD = "demo-password"


@pytest.fixture(autouse=True)
def unthrottled():
    """Limits count in the cache: each test begins with none used."""
    cache.clear()


@pytest.fixture
def sign_in(client):
    """Sends the sign-in form as a browser would; the response."""

    def send(email, password=PASSWORD, **fields):
        return client.post("/accounts/login/", {"login": email, "password": password, **fields})

    return send


@pytest.fixture
def sign_up(client):
    def send(email="nora@example.com", name="Nora Berg", password="quiet-harbour-9", **fields):
        return client.post("/accounts/signup/", {"name": name, "email": email, "password1": password, **fields})

    return send
