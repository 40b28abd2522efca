// What the page knows, as a function of the frames it was sent: the same for live, replay and reload
// (docs/protocol.md). States are never changed in place: an object that is the same has not changed.

export function initial() {
  return {
    synced: false, // a snapshot has arrived
    memory: null, // {paused, leaves_none}; until a snapshot, what the page was rendered with is right
    gap: false, // an event is missing: hello must be said again
    title: "",
    needsPerson: false,
    notices: [], // what is to be said about the site now: [{code, text}]
    maxLength: 8000,
    messages: new Map(), // id -> message, kept or still being written
    turns: new Map(), // id -> {id, status, seq, error, labels, ...}
    actions: new Map(), // id -> proposal and its outcome
    cards: new Map(), // tool call -> card of a turn whose message is not kept yet
    arrivals: 0,
  };
}

/** Last number seen of each turn, for `hello`. */
export function cursors(state) {
  const seen = [...state.turns.values()].filter((turn) => turn.seq > 0 && !isFinished(turn));
  return Object.fromEntries(seen.map((turn) => [turn.id, turn.seq]));
}

const thinks = { thinking: true, labels: [] };
const notRetried = { retrying: false, retried: false };

export const isFinished = (turn) => ["done", "stopped", "failed"].includes(turn.status);

/** The state after a frame of the site, or after something the person did here (`local.…`). */
export function reduce(state, frame) {
  const step = frames[frame.type];
  return step ? step(state, frame) : state;
}

const frames = {
  ready: (state, { max_length: maxLength, notices = [] }) => ({ ...state, maxLength, notices }),
  notices: (state, { notices }) => ({ ...state, notices }),
  snapshot,
  message: (state, { message }) => keep(state, message),
  turn: (state, { turn }) => changeTurn(state, turn.id, { status: turn.status, error: turn.error ?? null, ...notRetried }),
  memory: (state, { memory }) => ({ ...state, memory }),
  person: (state, { needs_person: needsPerson }) => ({ ...state, needsPerson }),
  ack: (state, { id }) => (state.turns.has(id) ? changeTurn(state, id, { retrying: false, retried: true }) : state),
  error: (state, { ref, message }) => {
    if (state.actions.has(ref)) return changeAction(state, ref, { deciding: null, trouble: message });
    return state.turns.has(ref) ? changeTurn(state, ref, { retrying: false }) : state;
  },
  event: numbered,
  "local.deciding": (state, { action, decision }) => changeAction(state, action, { deciding: decision, trouble: null }),
  "local.retrying": (state, { turn }) => changeTurn(state, turn, { retrying: true }),
};

function snapshot(state, frame) {
  const unfinished = new Set(frame.turns.map((turn) => turn.id));
  const ofUnfinished = (map) => new Map([...map].filter(([, item]) => unfinished.has(item.turn)));
  let next = {
    ...state,
    synced: true,
    gap: false,
    title: frame.title,
    needsPerson: frame.needs_person,
    memory: frame.memory ?? state.memory,
    // What was streamed of a turn that ended meanwhile is in the kept messages now.
    messages: new Map([...state.messages].filter(([, message]) => !message.kept && unfinished.has(message.turn))),
    actions: ofUnfinished(state.actions),
    cards: ofUnfinished(state.cards),
    turns: new Map([...state.turns].map(([id, turn]) => [id, unfinished.has(id) || isFinished(turn) ? turn : { ...turn, status: "done", labels: [] }])),
  };
  for (const { id, status, error } of frame.turns) next = changeTurn(next, id, { status, error: error ?? null });
  const known = state.messages;
  for (const message of frame.messages) next = keep(next, message, known.get(message.id)?.arrived);
  return next;
}

function keep(state, message, arrived = state.messages.get(message.id)?.arrived) {
  const title = state.title || (message.role === "customer" ? shortened(message.text) : "");
  const next = arrive({ ...state, title }, "messages", message.id, {
    id: message.id, position: message.position, role: message.role, html: message.html, text: message.text,
    cards: message.cards ?? [], clientId: message.client_id, turn: message.turn, stopped: message.stopped,
    createdAt: message.created_at, author: message.author, rating: message.rating, ratingReason: message.rating_reason, kept: true, streaming: false,
  }, arrived);
  return message.role === "agent" ? showCardsOnce(next, message.turn, message.cards ?? []) : next;
}

/** As the site makes a title of the first message. */
const shortened = (text) => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

/** Cards that a message carries are no longer shown on their own. */
function showCardsOnce(state, turn, shown) {
  if (!shown.length) return state;
  const isShown = ({ receipt }) => receipt && shown.some((card) => card.title === receipt.title && card.at === receipt.at);
  const actions = new Map([...state.actions].filter(([, action]) => action.turn !== turn || !isShown(action)));
  const cards = new Map([...state.cards].filter(([, item]) => item.turn !== turn));
  return { ...state, actions, cards };
}

function numbered(state, frame) {
  const turn = state.turns.get(frame.turn) ?? newTurn(frame.turn);
  let known = state;
  if (frame.seq <= turn.seq) return state;
  if (frame.seq > turn.seq + 1) {
    if (state.gap) return state; // hello is said already; the missing ones come with its answer
    // After an answered hello the same hole means that the log was lost and is told anew from there.
    if (turn.hole !== turn.seq) return { ...put(state, "turns", turn.id, { ...turn, hole: turn.seq }), gap: true };
    known = withoutDraft(state, turn.id);
  }
  const seen = put(known, "turns", turn.id, { ...turn, seq: frame.seq });
  const step = events[frame.event.type];
  return step ? step(seen, frame.event, turn.id) : seen;
}

/** What was being written when the log was lost is not in the new one: the agent writes it again. */
function withoutDraft(state, turn) {
  const isDraft = (message) => message.turn === turn && message.streaming;
  return { ...state, messages: new Map([...state.messages].filter(([, message]) => !isDraft(message))) };
}

const events = {
  "turn.started": (state, event, turn) => changeTurn(state, turn, { status: "running", error: null, ...thinks, ...notRetried }),
  "turn.attempt": (state, event, turn) => {
    const dropped = new Set(event.discard);
    const messages = new Map([...state.messages].filter(([id]) => !dropped.has(id)));
    return changeTurn({ ...state, messages }, turn, { status: "running", ...thinks });
  },
  "message.start": (state, event, turn) => (state.messages.has(event.message) ? state : begin(state, event.message, turn)),
  "message.delta": (state, event, turn) => {
    const begun = state.messages.has(event.message) ? state : begin(state, event.message, turn);
    const message = begun.messages.get(event.message);
    if (!message.streaming) return begun;
    return put(begun, "messages", message.id, { ...message, blocks: [...message.blocks.slice(0, event.start), ...event.blocks] });
  },
  "message.done": (state, event, turn) => {
    // After its words the agent is done, or the next tool says so: no "thinking" in between.
    const said = changeTurn(state, turn, { thinking: false });
    const begun = said.messages.has(event.message) ? said : begin(said, event.message, turn);
    const message = begun.messages.get(event.message);
    if (message.kept) return showCardsOnce(begun, turn, message.cards);
    const { html, text, cards = [] } = event;
    return showCardsOnce(put(begun, "messages", message.id, { ...message, html, text, cards, streaming: false }), turn, cards);
  },
  "tool.start": (state, event, turn) => {
    const labels = [...state.turns.get(turn).labels, { call: event.call, label: event.label }];
    return changeTurn(state, turn, { labels });
  },
  "tool.done": (state, event, turn) => {
    const labels = state.turns.get(turn).labels.filter((each) => each.call !== event.call);
    const next = changeTurn(state, turn, { labels, thinking: true });
    // An action's card shows its receipt itself (its id is made of turn and call).
    if (!event.card || state.actions.has(`${turn}:${event.call}`)) return next;
    return arrive(next, "cards", event.call, { call: event.call, turn, card: event.card });
  },
  "action.proposed": (state, event, turn) => {
    const { action, tool, preview, digest, approver } = event;
    const undecided = { status: "proposed", receipt: null, deciding: null, trouble: null };
    return arrive(state, "actions", action, { action, tool, preview, digest, approver, turn, ...undecided });
  },
  "action.decided": (state, event) => changeAction(state, event.action, { status: event.status, receipt: event.receipt ?? null, deciding: null }),
  "handed.off": (state) => ({ ...state, needsPerson: true }),
  "turn.done": (state, event, turn) => changeTurn(state, turn, { status: event.status, error: event.error ?? null }),
};

const newTurn = (id) => ({ id, status: "queued", seq: 0, error: null, hole: null, ...thinks, ...notRetried });

function changeTurn(state, id, changes) {
  const before = state.turns.get(id) ?? newTurn(id);
  const turn = { ...before, ...changes };
  if (!isFinished(turn)) return put(isFinished(before) ? withoutCut(state, id) : state, "turns", id, turn);
  return settle(put(state, "turns", id, { ...turn, labels: [] }), turn);
}

/** A turn that is tried again drops what was written before it was cut short; what was kept of it, the site discards. */
function withoutCut(state, turn) {
  const isCut = (message) => message.turn === turn && message.cut;
  if (![...state.messages.values()].some(isCut)) return state;
  return { ...state, messages: new Map([...state.messages].filter(([, message]) => !isCut(message))) };
}

/** Nothing of a finished turn is still being written or waits for a click. */
function settle(state, { id, status }) {
  const cut = ({ blocks, ...message }) => ({ ...message, html: blocks.join(""), streaming: false, cut: true, stopped: status === "stopped" });
  const still = (message) => message.turn === id && message.streaming;
  const written = [...state.messages].filter(([, message]) => !still(message) || message.blocks.length);
  const messages = new Map(written.map(([key, message]) => [key, still(message) ? cut(message) : message]));
  const open = (action) => action.turn === id && action.status === "proposed";
  const actions = new Map([...state.actions].map(([key, each]) => [key, open(each) ? { ...each, status: "withdrawn" } : each]));
  return { ...state, messages, actions };
}

function begin(state, id, turn) {
  const message = {
    id, turn, position: null, role: "agent", html: null, text: "", blocks: [], cards: [], clientId: null, stopped: false,
    createdAt: new Date().toISOString(), author: null, kept: false, streaming: true,
  };
  return arrive(state, "messages", id, message);
}

function changeAction(state, id, changes) {
  const action = state.actions.get(id);
  return action ? put(state, "actions", id, { ...action, ...changes }) : state;
}

function put(state, map, key, value) {
  return { ...state, [map]: new Map(state[map]).set(key, value) };
}

/** Put, and remember when the thing first came: that is its place in its turn. */
function arrive(state, map, key, value, arrived = state[map].get(key)?.arrived) {
  const arrivals = state.arrivals + 1;
  return { ...put(state, map, key, { ...value, arrived: arrived ?? arrivals }), arrivals };
}
