"""What the site calls its model, wherever it shows. Light: web pages import it."""

from django.conf import settings


def model_name() -> str:
    """The name of the model that answers; the offline model is named for what it is."""
    return "offline model" if settings.OFFLINE_MODEL else settings.OPENAI_MODEL
