"""What Prometheus is told of turns."""

from typing import TYPE_CHECKING

from support_site import metrics
from support_site.chat.models import Turn
from support_site.chat.prices import cost

if TYPE_CHECKING:
    from support_site.chat.endings import Tally


def count_attempt(turn: Turn, tally: "Tally") -> None:
    """What an attempt used and made up, and how the turn ended if it did; once the transaction is kept."""
    count_tokens(tally.input_tokens, tally.output_tokens)
    for kind in tally.replaced_claims:
        metrics.REPLACED_CLAIMS.labels(kind).inc()
    if tally.first_word_ms is not None and tally.first_word_ms == turn.first_word_ms:  # no earlier attempt had said one
        metrics.FIRST_DELTA.observe(tally.first_word_ms / 1000)
    if turn.status in Turn.FINISHED:
        count_end(turn)


def count_tokens(input_tokens: int, output_tokens: int) -> None:
    metrics.TOKENS.labels("input").inc(input_tokens)
    metrics.TOKENS.labels("output").inc(output_tokens)
    metrics.COST.inc(float(cost(input_tokens, output_tokens)))


def count_end(turn: Turn) -> None:
    metrics.TURNS.labels(turn.status, turn.error_code).inc()


def count_claim(turn: Turn) -> None:
    """How long a turn waited for a worker, if this is its first one."""
    if turn.started_at and turn.attempt == 1 and not turn.last_seq:
        metrics.QUEUE_WAIT.observe((turn.started_at - turn.created_at).total_seconds())
