"""What Prometheus is told; every metric is defined here, and docs/operations.md says what each is good for.

No label ever holds an id, a name or anything a person wrote: only words of which the code knows the whole list.
"""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# When each counter began to count is one series more for each, and nobody looks at it.
disable_created_metrics()

_WAITS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

MESSAGES = Counter("support_messages", "Customers' messages that began a turn.")
REFUSED = Counter("support_refused", "Messages and attempts that a limit refused, by limit.", ["limit"])
QUEUE_WAIT = Histogram(
    "support_queue_wait_seconds", "From a message to the worker that takes its turn.", buckets=_WAITS
)
FIRST_DELTA = Histogram(
    "support_first_delta_seconds", "From a message to the first words of its reply.", buckets=_WAITS
)
TURNS = Counter("support_turns", "Turns that workers ended: done, stopped or failed, and why.", ["outcome", "reason"])
TOKENS = Counter("support_tokens", "Tokens of the model: input is what it read, output what it wrote.", ["direction"])
COST = Counter("support_model_cost", "Money spent on tokens, at the prices of the settings.")
REPLACED_CLAIMS = Counter("support_replaced_claims", "Claims that nothing supported and that were replaced.", ["kind"])
SOCKETS = Gauge("support_open_sockets", "Sockets that this process serves.")
STORE = Histogram("support_store_seconds", "Time of one operation of the store.", ["operation"])
