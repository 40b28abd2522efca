// The card of something the agent noted or forgot on request, and what the person decides about it.

import { h } from "./h.js";

const OUTCOMES = { kept: "Kept", changed: "Changed", undone: "Undone: this is not noted", forgotten: "Forgotten since" };
const LONGEST_NOTE = 300;

/**
 * The card; `note(decision, text)` sends a decision, and is null where none can be made yet. `words` is a half-written
 * correction that stays while the card is drawn anew.
 */
export function notedCard(card, note, words) {
  const text = card.lines.map((line) => line.value).join(" ");
  const shown = h("section", { class: `noted ${card.state ?? ""}`, tabindex: "-1", "data-memory": card.memory }, text ? h("p", {}, `${card.title}: ${text}`) : null, outcome(card));
  if (note && !["undone", "forgotten"].includes(card.state)) shown.append(tools(card, text, note, shown));
  if (note && words !== undefined && words !== text && text) change(shown, card, words, note);
  return shown;
}

/** What is being corrected in the cards of an entry: {memory: half-written words}. */
export function halfWritten(li) {
  return Object.fromEntries([...li.querySelectorAll(".noted input")].map((input) => [input.closest(".noted").dataset.memory, input.value]));
}

/** The card that has the focus, by its memory; undefined if none of the entry has. */
export function focusedNote(li) {
  return li.contains(document.activeElement) ? document.activeElement.closest(".noted")?.dataset.memory : undefined;
}

/** After the entry was drawn anew: the focus stays at the card. */
export function focusNote(li, memory) {
  [...li.querySelectorAll(".noted")].find((card) => card.dataset.memory === memory)?.focus();
}

function outcome({ state, forgot }) {
  if (!state) return null;
  return h("span", { class: "noted-outcome" }, forgot && state === "undone" ? "Undone: it is noted again" : OUTCOMES[state]);
}

function tools(card, text, note, shown) {
  const button = (name, click) => h("button", { type: "button", onclick: click }, name);
  const undo = button("Undo", () => note("undo", ""));
  if (card.forgot) return h("div", { class: "noted-tools" }, undo);
  const keep = card.state ? null : button("Keep", () => note("keep", ""));
  return h("div", { class: "noted-tools" }, keep, button("Change", () => change(shown, card, text, note).select()), undo);
}

/** Lets the person write what is right; gives the field. */
function change(shown, card, words, note) {
  const field = h("input", { type: "text", value: words, maxlength: LONGEST_NOTE, required: true, "aria-label": "What is right" });
  const save = (event) => {
    event.preventDefault();
    note("change", field.value);
  };
  const cancel = () => {
    form.replaceWith(before);
    before.querySelector("button").focus();
  };
  const form = h("form", { class: "noted-change", onsubmit: save }, field, h("button", { type: "submit" }, "Save"), h("button", { type: "button", onclick: cancel }, "Cancel"));
  const before = shown.querySelector(".noted-tools");
  before.replaceWith(form);
  field.focus();
  return field;
}
