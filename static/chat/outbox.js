// What the person has written and the site has not yet confirmed. It survives a reload, and a lost network.

/** Items are {id, text, at, status: waiting | sending | kept | failed, queued, trouble}. */
export class Outbox {
  constructor(key, storage = sessionStorage) {
    this.key = key;
    this.storage = storage;
    const stored = JSON.parse(storage.getItem(key) ?? "[]");
    this.items = stored.map((item) => (item.status === "failed" ? item : { ...item, status: "waiting" }));
  }

  /** A new item, waiting to be sent. Its id makes any number of sendings one message. */
  add(text) {
    const item = { id: uuid(), text, at: new Date().toISOString(), status: "waiting", queued: false, trouble: "" };
    this.items = [...this.items, item];
    this.store();
    return item;
  }

  has(id) {
    return this.items.some((item) => item.id === id);
  }

  change(id, changes) {
    this.items = this.items.map((item) => (item.id === id ? { ...item, ...changes } : item));
    this.store();
  }

  remove(id) {
    this.items = this.items.filter((item) => item.id !== id);
    this.store();
  }

  /** Send everything the site has not confirmed, in the order it was written. */
  flush(send) {
    for (const item of this.items) {
      if (item.status !== "waiting") continue;
      if (!send({ type: "message.send", id: item.id, text: item.text })) return;
      this.change(item.id, { status: "sending" });
    }
  }

  /** The socket is gone: what was on its way may not have arrived. `refused` if the site would not take it again. */
  interrupted(refused = "") {
    const changes = refused ? { status: "failed", trouble: refused } : { status: "waiting" };
    for (const item of this.items) if (item.status === "sending") this.change(item.id, changes);
  }

  /** What the site has kept needs no keeping here. */
  settle(messages) {
    const kept = new Set([...messages.values()].map((message) => message.clientId));
    if (this.items.some((item) => kept.has(item.id))) {
      this.items = this.items.filter((item) => !kept.has(item.id));
      this.store();
    }
  }

  get awaitsConfirmation() {
    return this.items.some((item) => item.status === "sending");
  }

  store() {
    const unconfirmed = this.items.filter((item) => item.status !== "kept");
    if (unconfirmed.length) this.storage.setItem(this.key, JSON.stringify(unconfirmed));
    else this.storage.removeItem(this.key);
  }
}

/** crypto.randomUUID exists on https and localhost only; a shop's own network may have neither. */
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
