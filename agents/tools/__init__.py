"""The tools of the agent: each module has its ``TOOLS`` and, for the customer, their ``LABELS``."""
