// The lines of the transcript, in their order, from what the page knows.

import { isFinished } from "./reducer.js";

/**
 * [{key, kind, …}], to be shown from top to bottom; `outbox` is what the site has not confirmed yet. A turn stays together: the customer's words, then all that
 * answers them, also when a newer message was kept before the answer was finished.
 */
export function entries(state, outbox = [], online = true) {
  const first = firstPositions(state);
  const items = [
    ...[...state.messages.values()].map((message) => placed(first, message, message.role === "customer" ? 0 : 1, messageEntry(state, message))),
    ...[...state.cards.values()].map((item) => placed(first, item, 1, { key: `t:${item.call}`, kind: "card", card: item.card })),
    ...[...state.actions.values()].map((item) => placed(first, item, 1, { key: `a:${item.action}`, kind: "action", action: item })),
    ...outbox.map((item, index) => ({ rank: Infinity, part: 9, arrived: index, entry: { key: `c:${item.id}`, kind: "sent", item, online } })),
  ];
  const last = Math.max(-1, ...[...state.messages.values()].map((message) => rankOf(first, message)).filter(Number.isFinite));
  for (const turn of state.turns.values()) {
    const rank = first.get(turn.id) ?? Infinity;
    const entry = endOf(state, turn, rank >= last && !outbox.length);
    if (entry) items.push({ rank, part: 2, arrived: 0, entry });
  }
  return items.sort((a, b) => byNumber(a.rank, b.rank) || a.part - b.part || a.arrived - b.arrived).map((item) => item.entry);
}

/** The turn that the stop button means: the one that is being answered. */
export function runningTurn(state) {
  return [...state.turns.values()].find((turn) => turn.status === "running") ?? null;
}

/** Whether the page waits for something from the site. */
export function isBusy(state) {
  return [...state.turns.values()].some((turn) => turn.status === "running" || turn.status === "queued");
}

const byNumber = (a, b) => (a === b ? 0 : a - b);

function firstPositions(state) {
  const first = new Map();
  for (const { turn, position } of state.messages.values()) {
    if (turn && position !== null) first.set(turn, Math.min(position, first.get(turn) ?? Infinity));
  }
  return first;
}

function rankOf(first, { turn, position }) {
  return (turn && first.get(turn)) ?? position ?? Infinity;
}

function placed(first, item, part, entry) {
  return { rank: rankOf(first, item), part, arrived: item.arrived, entry };
}

function messageEntry(state, message) {
  const waits = message.role === "customer" && state.turns.get(message.turn)?.status === "queued" && otherIsActive(state, message.turn);
  return { key: message.clientId ? `c:${message.clientId}` : `m:${message.id}`, kind: "message", message, mark: waits ? "queued" : "" };
}

function otherIsActive(state, id) {
  return [...state.turns.values()].some((turn) => turn.id !== id && (turn.status === "running" || turn.status === "waiting"));
}

/** What stands under a turn: that the agent works, or that the turn ended badly and can be tried again. */
function endOf(state, turn, isLast) {
  if (turn.status === "running" || (turn.status === "queued" && !otherIsActive(state, turn.id))) return workEntry(state, turn);
  if (isFinished(turn) && turn.status !== "done" && isLast && !turn.retried) {
    return { key: `e:${turn.id}`, kind: "ending", turn: turn.id, status: turn.status, text: endingText(state, turn), retrying: turn.retrying };
  }
  return null;
}

function endingText(state, turn) {
  if (turn.status === "failed") return turn.error?.message ?? "The answer could not be written.";
  const isMarked = [...state.messages.values()].some((message) => message.turn === turn.id && message.stopped);
  return isMarked ? "" : "You stopped this answer.";
}

function workEntry(state, turn) {
  const writing = [...state.messages.values()].some((message) => message.turn === turn.id && message.streaming && message.blocks.length);
  if (!turn.labels.length && (writing || !turn.thinking)) return null;
  return { key: `w:${turn.id}`, kind: "work", label: turn.labels.at(-1)?.label ?? "Thinking" };
}
