// One socket that is always there: it comes back by itself, and notices when it is dead without being told.

const CHECK = 1000; // all times in milliseconds
const PONG = 3000;
const QUIET = { unsaid: 6000, answering: 25000, idle: 55000 };
const FIRST_DELAY = 500;
const LONGEST_DELAY = 20000;
const STABLE = 5000;

// Closed for a reason that coming back at once would not change.
const FINAL = { 4401: "ended", 4404: "gone" };
// A process that restarts sends all its pages away at once, and they must not come back at once.
const SLOW = {
  1012: ["restarting", { least: 1000, spread: 5000 }],
  4409: ["crowded", { least: 15000 }],
  4429: ["slowed", { least: 10000 }],
};

/** How long to wait before attempt `n` (from 0): doubling, and never in step with other browsers, which are `spread` so far. */
export function delay(n, { least = 0, spread = 0, random = Math.random } = {}) {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** n);
  return least + longest / 2 + random() * (Math.max(longest, spread) - longest / 2);
}

export class Connection {
  /**
   * `heard(frame)` for every frame, `changed(status, code)` with connecting, open, offline, reconnecting, restarting,
   * crowded, slowed, ended or gone, and `waitsFor()` says unsaid, answering or idle: how soon silence is suspect.
   */
  constructor(url, { heard, changed, waitsFor }) {
    Object.assign(this, { url, heard, changed, waitsFor });
    this.attempts = 0;
    this.heardAt = 0;
    this.pingedAt = null;
    this.status = "";
  }

  start() {
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.lost());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
    setInterval(() => this.watch(), CHECK);
    this.open();
  }

  get isOpen() {
    return this.status === "open";
  }

  /** Whether the frame could be handed to the browser; what became of it, only an answer tells. */
  send(frame) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  open() {
    this.drop();
    if (!navigator.onLine) return this.become("offline");
    if (!this.status) this.become("connecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.startedAt = Date.now();
    socket.onopen = () => this.opened(socket);
    socket.onmessage = (event) => this.received(socket, event.data);
    socket.onclose = (event) => socket === this.socket && this.closed(event.code);
  }

  opened(socket) {
    if (socket !== this.socket) return;
    this.openedAt = this.heardAt = Date.now();
    this.become("open");
  }

  received(socket, data) {
    if (socket !== this.socket) return;
    this.heardAt = Date.now();
    this.pingedAt = null;
    const frame = JSON.parse(data);
    if (frame.type !== "pong") this.heard(frame);
  }

  closed(code) {
    this.drop();
    if (FINAL[code]) return this.become(FINAL[code], code);
    if (this.openedAt && Date.now() - this.openedAt > STABLE) this.attempts = 0;
    this.openedAt = null;
    const [status, wait] = SLOW[code] ?? ["reconnecting", {}];
    this.become(navigator.onLine ? status : "offline", code);
    this.timer = setTimeout(() => this.open(), delay(this.attempts++, wait));
  }

  /** Forget the socket without hearing from it again. */
  drop() {
    const socket = this.socket;
    this.socket = this.pingedAt = null;
    clearTimeout(this.timer);
    if (socket) socket.close();
  }

  lost() {
    if (!this.isFinal) this.closed(0);
  }

  /** The person is back, or the network: ask at once whether the socket still lives. */
  wake() {
    if (this.isFinal) return;
    if (this.isOpen) this.ping();
    else this.retry();
  }

  /** Try now instead of later. */
  retry() {
    if (this.socket) return;
    this.attempts = 0;
    this.open();
  }

  ping() {
    if (this.pingedAt === null && this.send({ type: "ping", t: Date.now() })) this.pingedAt = Date.now();
  }

  watch() {
    const now = Date.now();
    if (this.pingedAt !== null && now - this.pingedAt > PONG) return this.lost();
    if (this.isOpen && now - this.heardAt > QUIET[this.waitsFor()]) this.ping();
    if (this.socket && !this.isOpen && now - this.startedAt > LONGEST_DELAY) this.lost();
  }

  get isFinal() {
    return Object.values(FINAL).includes(this.status);
  }

  become(status, code = null) {
    if (status === this.status) return;
    this.status = status;
    this.changed(status, code);
  }
}
