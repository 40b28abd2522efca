// How each kind of entry looks. Only `html` and `blocks`, sanitised by the site, ever become markup.

import { h } from "./h.js";
import { focusNote, focusedNote, halfWritten, notedCard } from "./noted.js";
import { localTime } from "./time.js";
import { focusedTool, focusTool, replyTools } from "./tools.js";

/** Fills a list item for an entry. `context` has {siteName} and the person's clicks: {decide, retry, resend, rewrite, rate, note}. */
export function draw(li, entry, before, context) {
  kinds[entry.kind](li, entry, before, context);
}

const kinds = {
  message: drawMessage,
  sent: drawSent,
  card: (li, { card }) => frame(li, "card-entry", cardOf(card, null)),
  action: drawAction,
  work: (li, { label }) => {
    li.className = "entry work";
    li.replaceChildren(avatar(), h("div", { class: "message" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), `${label}…`));
  },
  ending: drawEnding,
};

function drawMessage(li, { message, mark }, before, context) {
  if (message.streaming && before?.message.streaming) {
    drawBlocks(li.querySelector(".body"), message.blocks, before.message.blocks);
    return;
  }
  li.className = `entry ${message.role}`;
  li.classList.toggle("streaming", message.streaming);
  li.classList.toggle("plain", !message.streaming && !message.html);
  const body = h("div", { class: "body" });
  if (message.streaming) drawBlocks(body, message.blocks, []);
  else if (message.html) body.innerHTML = message.html;
  else body.textContent = message.text;
  const said = message.streaming || message.html || message.text ? body : null; // a receipt may come without words
  const row = li.querySelector(".reply-tools");
  const held = focusedTool(row);
  const tools = message.role === "agent" && message.kept && said ? replyTools(message, row, context) : null;
  const [words, heldNote] = [halfWritten(li), focusedNote(li)];
  const cards = message.cards.map((card) => cardOf(card, message.kept ? (decision, text) => context.note(message.id, card.memory, decision, text) : null, words));
  const article = h("article", { class: "message" }, by(message, context.siteName), said, ...cards, ...marks(message, mark), tools);
  li.replaceChildren(...(isAnswer(message) ? [avatar()] : []), article);
  if (tools && held) focusTool(tools, held);
  if (heldNote) focusNote(li, heldNote);
}

/** Only blocks that changed are touched, so that a selection in the others stays. */
function drawBlocks(body, blocks, before) {
  blocks.forEach((html, index) => {
    if (html === before[index] && body.children[index]) return;
    const block = body.children[index] ?? body.appendChild(h("div", { class: "block" }));
    block.innerHTML = html;
  });
  while (body.children.length > blocks.length) body.lastChild.remove();
}

const isAnswer = ({ role }) => role === "agent" || role === "staff";

function by({ role, author, createdAt }, siteName) {
  const names = { customer: h("span", { class: "visually-hidden" }, "You"), agent: siteName, staff: author || "Our team", system: "" };
  return h("p", { class: "by" }, names[role], " ", timeOf(createdAt));
}

function timeOf(at) {
  const time = h("time", { datetime: at });
  localTime(time);
  return time;
}

function marks({ stopped }, mark) {
  if (stopped) return [h("p", { class: "mark" }, "Stopped")];
  return mark === "queued" ? [h("p", { class: "mark" }, "Queued: answered next")] : [];
}

function drawSent(li, { item, online }, before, { resend, rewrite }) {
  li.className = "entry customer plain";
  const message = h("article", { class: "message" }, by({ role: "customer", createdAt: item.at }), h("div", { class: "body" }, item.text), sentMark(item, online));
  if (item.status === "failed") {
    const again = h("button", { type: "button", onclick: () => resend(item.id) }, "Try again");
    const edit = h("button", { type: "button", onclick: () => rewrite(item.id) }, "Edit");
    message.lastChild.append(again, edit);
  }
  li.replaceChildren(message);
}

function sentMark({ status, queued, trouble }, online) {
  const texts = { waiting: online ? "Sending…" : "Not sent yet: it goes out when the connection is back", sending: "Sending…", kept: queued ? "Queued: answered next" : "Delivered", failed: trouble };
  return h("p", { class: `mark ${status}` }, texts[status], " ");
}

function drawEnding(li, { turn, status, text, retrying }, before, { retry }) {
  const again = h("button", { type: "button", class: "button", disabled: retrying, onclick: () => retry(turn) }, "Try again");
  li.className = `entry ${status === "failed" ? "trouble" : "halted"}`;
  li.replaceChildren(h("div", { class: "message" }, text ? h("p", {}, text) : null, again));
}

const avatar = () => h("span", { class: "avatar", "aria-hidden": "true" });

function frame(li, name, ...children) {
  li.className = `entry agent ${name}`;
  li.replaceChildren(avatar(), h("div", { class: "message" }, ...children));
}

/** A card as it was kept: a receipt, or something the agent noted. */
function cardOf(card, note, words = {}) {
  if (card.type === "memory") return notedCard(card, note, words[card.memory]);
  return h("section", { class: "card action-card" }, ...contents(card), outcome({ status: "applied" }));
}

function contents({ title, lines = [], amount, note }) {
  const rows = lines.map(({ label, value }) => h("div", {}, h("dt", {}, label), h("dd", {}, value)));
  return [
    h("h3", { tabindex: "-1" }, title),
    rows.length ? h("dl", {}, ...rows) : null,
    amount ? h("p", { class: "amount" }, `$${amount}`) : null,
    note ? h("p", { class: "note" }, note) : null,
  ].filter(Boolean);
}

const OUTCOMES = {
  confirmed: "Confirmed: working on it",
  applied: "Done",
  declined: "Declined: nothing was changed",
  withdrawn: "No longer offered: nothing was changed",
  refused: "Not possible: nothing was changed",
};

const outcome = ({ status }) => h("p", { class: `outcome ${status}` }, OUTCOMES[status] ?? status);

function drawAction(li, { action }, before, { decide }) {
  const hadFocus = li.contains(document.activeElement);
  const open = action.status === "proposed";
  const card = h("section", { class: `card action-card${open ? " open" : ""}` }, ...contents(action.receipt ?? action.preview));
  if (open) card.append(action.approver === "staff" ? h("p", { class: "outcome waiting" }, "Waiting for our team to approve") : choices(action, decide));
  else card.append(outcome(action));
  if (action.trouble) card.append(h("p", { class: "mark failed", role: "alert" }, action.trouble));
  frame(li, "card-entry", card);
  // The buttons that had the focus are gone: stay at the card, not at the top of the page.
  if (hadFocus) (li.querySelector(".choices button:not(:disabled)") ?? li.querySelector("h3")).focus();
}

function choices(action, decide) {
  const decided = action.deciding !== null;
  const button = (decision, name, text) =>
    h("button", { type: "button", class: name, disabled: decided, onclick: () => decide(action, decision) }, action.deciding === decision ? `${text}…` : text);
  return h("div", { class: "choices" }, button("confirm", "button primary", "Confirm"), button("decline", "button", "Decline"));
}
