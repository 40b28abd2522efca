// The row under a reply of the agent: what the person can do with it.

import { h } from "./h.js";
import { reasonsOf } from "./reasons.js";

const NAMES = { up: "Good answer", down: "Bad answer" };
const LONGEST_REASON = 300;

/** The row of a kept reply; `before` is the row it replaces, whose half-written reason stays. */
export function replyTools(message, before, { rate, reasons }) {
  const vote = (kind) => {
    const pressed = message.rating === kind;
    const click = () => rate(message.id, pressed ? "" : kind, "");
    return h("button", { type: "button", class: `thumb ${kind}`, "data-tool": kind, "aria-pressed": String(pressed), "aria-label": NAMES[kind], title: NAMES[kind], onclick: click });
  };
  return h("div", { class: "reply-tools" }, vote("up"), vote("down"), ...reasonsOf(reasons(message.id), before), ...afterwards(message, before, rate));
}

/** The name of the tool that has the focus; undefined if none of the row has. */
export function focusedTool(row) {
  return row?.contains(document.activeElement) ? document.activeElement.dataset.tool : undefined;
}

/** After the row was drawn anew: the focus is where it was. */
export function focusTool(row, name) {
  (row.querySelector(`[data-tool="${name}"]`) ?? row.querySelector("[data-tool=down]")).focus();
}

function afterwards(message, before, rate) {
  if (message.rating !== "down") return [];
  if (message.ratingReason) return [h("p", { class: "thanks" }, "Thank you for telling us.")];
  const words = before?.querySelector("[data-tool=reason]")?.value ?? "";
  const reason = h("input", { type: "text", maxlength: LONGEST_REASON, "data-tool": "reason", "aria-label": "What was wrong? Optional", placeholder: "What was wrong? (optional)", value: words });
  const send = (event) => {
    event.preventDefault();
    if (reason.value.trim()) rate(message.id, "down", reason.value);
  };
  return [h("form", { class: "why", onsubmit: send }, reason, h("button", { type: "submit", "data-tool": "send" }, "Send"))];
}
