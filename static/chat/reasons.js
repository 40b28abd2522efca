// "Why did you say that?": what the agent had in front of it, fetched when it is asked for.

import { h } from "./h.js";

const NOTHING = "Nothing noted about you and none of your orders went into this answer: it rests on the conversation and on the shop's own articles.";
const TROUBLE = "This could not be looked up. Try again in a moment.";

/** The button and the place of its answer, for the row of a reply; `before` is the row it replaces, which may be open. */
export function reasonsOf(address, before) {
  const open = before?.querySelector(".reasons-shown");
  if (open) return [before.querySelector("[data-tool=reasons]"), open];
  const place = h("div", { class: "reasons-shown", role: "status", hidden: true });
  const button = h("button", { type: "button", "data-tool": "reasons", "aria-expanded": "false" }, "Why this answer?");
  button.addEventListener("click", async () => {
    place.hidden = !place.hidden;
    button.setAttribute("aria-expanded", String(!place.hidden));
    if (!place.hidden) place.replaceChildren(...(await look(address)));
  });
  return [button, place];
}

async function look(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) return [h("p", {}, TROUBLE)];
    const { reasons } = await answer.json();
    return reasons.length ? [h("p", {}, "Besides the conversation, the agent had this in front of it:"), h("ul", {}, ...reasons.map(line))] : [h("p", {}, NOTHING)];
  } catch {
    return [h("p", {}, TROUBLE)];
  }
}

function line({ what, text, since, url }) {
  return h("li", {}, h("span", { class: "aside" }, `${what}: `), url ? h("a", { href: url }, text) : text, since ? h("span", { class: "aside" }, ` (${since})`) : null);
}
