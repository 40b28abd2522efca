// Keeps the list on the page equal to the entries, touching only what changed.

import { draw } from "./nodes.js";

export class View {
  /** `context` is what entries need besides their own data: names and the person's clicks. */
  constructor(list, context) {
    Object.assign(this, { list, context, shown: new Map() });
  }

  /** Show the entries; what the site rendered into the page first makes room once the page knows it itself. */
  show(entries, { replaceServer }) {
    if (replaceServer) this.list.querySelectorAll("[data-server]").forEach((li) => li.remove());
    const keys = new Set(entries.map((entry) => entry.key));
    for (const [key, { li }] of this.shown) {
      if (keys.has(key)) continue;
      if (li.contains(document.activeElement)) this.context.refocus();
      li.remove();
      this.shown.delete(key);
    }
    let next = this.list.querySelector(":scope > :not([data-server])");
    for (const entry of entries) {
      const li = this.place(entry);
      if (li === next) next = next.nextElementSibling;
      else this.list.insertBefore(li, next);
    }
  }

  place(entry) {
    const before = this.shown.get(entry.key);
    const li = before?.li ?? document.createElement("li");
    const comparable = before?.entry.kind === entry.kind ? before.entry : null;
    if (!comparable || !same(comparable, entry)) draw(li, entry, comparable, this.context);
    this.shown.set(entry.key, { li, entry });
    return li;
  }
}

/** Whether two entries show the same: states are never changed in place, so identity is enough. */
function same(a, b) {
  return Object.keys(b).every((name) => a[name] === b[name]);
}
