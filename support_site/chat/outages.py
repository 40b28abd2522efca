"""Errors that say that a part is away, and not that something is wrong with a turn."""

from django.db import InterfaceError, OperationalError
from psycopg import OperationalError as SaverUnreachable

#: The site's database or the turn log; and LangGraph's saver, which speaks to PostgreSQL by itself.
OUTAGES = (OperationalError, InterfaceError, SaverUnreachable)
