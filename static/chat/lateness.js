// An answer that does not begin: whatever the site's trouble is, the person is told that nothing is lost.

const LATE = 8000; // milliseconds after which it is worth saying

/** Whether something is kept by the site and nobody works on it, and nothing before it is being answered. */
export function awaitsBeginning({ turns }, outbox) {
  const all = [...turns.values()];
  if (all.some((turn) => turn.status === "running" || turn.status === "waiting")) return false;
  return all.some((turn) => turn.status === "queued") || outbox.some((item) => item.status === "kept" && item.turn);
}

export class Lateness {
  /** `changed()` is called when the waiting has become late. */
  constructor(changed, { after = LATE } = {}) {
    Object.assign(this, { changed, after, isLate: false, timer: null });
  }

  /** Tell whether somebody waits now; whether that is late. */
  look(waits) {
    if (!waits) {
      clearTimeout(this.timer);
      this.timer = null;
      this.isLate = false;
    } else this.timer ??= setTimeout(() => this.become(), this.after);
    return this.isLate;
  }

  become() {
    this.isLate = true;
    this.changed();
  }
}
