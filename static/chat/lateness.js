// An answer that does not begin, or does not go on: whatever the site's trouble is, the person is told that nothing is
// lost.

const BEGINNING = "a beginning";
const LATE = { beginning: 8000, more: 15000 }; // milliseconds after which it is worth saying

/** What the person waits for, in a word that is another one after every piece of news; "" for nothing. */
export function awaited({ turns }, outbox) {
  const all = [...turns.values()];
  const running = all.find((turn) => turn.status === "running");
  if (running) return `more of ${running.id} than ${running.seq}`;
  if (all.some((turn) => turn.status === "waiting")) return "";
  return all.some((turn) => turn.status === "queued") || outbox.some((item) => item.status === "kept" && item.turn) ? BEGINNING : "";
}

export class Lateness {
  /** `changed()` is called when the waiting has become late. */
  constructor(changed, { late = LATE } = {}) {
    Object.assign(this, { changed, late, isLate: false, awaited: "", timer: null });
  }

  /** Tell what is waited for now; whether that is late. */
  look(awaited) {
    if (awaited !== this.awaited) {
      clearTimeout(this.timer);
      Object.assign(this, { awaited, isLate: false });
      if (awaited) this.timer = setTimeout(() => this.become(), awaited === BEGINNING ? this.late.beginning : this.late.more);
    }
    return this.isLate;
  }

  become() {
    this.isLate = true;
    this.changed();
  }
}
