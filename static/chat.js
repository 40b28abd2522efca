// The conversation page: puts the parts together. What the page knows is in reducer.js, how it looks in nodes.js.

import { news } from "./chat/announce.js";
import { Composer } from "./chat/composer.js";
import { entries, isBusy, runningTurn } from "./chat/entries.js";
import { h } from "./chat/h.js";
import { awaited, Lateness } from "./chat/lateness.js";
import { Outbox } from "./chat/outbox.js";
import { cursors, initial, reduce } from "./chat/reducer.js";
import { Follower } from "./chat/scroll.js";
import { Connection } from "./chat/socket.js";
import { View } from "./chat/view.js";

const BANNERS = {
  connecting: "",
  open: "",
  offline: "You are offline. What you write is sent when you are back.",
  reconnecting: "We cannot reach the support service. Trying again…",
  restarting: "The site is restarting and will be back in a moment.",
  crowded: "This account has too many conversations open. Close another tab.",
  slowed: "That was too quick. Wait a moment…",
  ended: "You are signed out.",
  gone: "This conversation is not there any more.",
};
const KEPT_HERE = "We cannot reach the support service. Your message is kept here and will be sent.";
const LATE = "Answering takes longer than usual. Your message is kept and will be answered.";
const PATIENCE = 1500; // before a lost connection is worth a banner, in milliseconds
const REFUSED = new Set([4400, 4413]); // closed because of what was sent: sending it again would close it again

class Page {
  constructor(root) {
    const part = (name) => root.querySelector(`[data-${name}]`);
    this.root = root;
    this.part = part;
    this.state = initial();
    this.shownMemory = this.state.memory;
    this.shownTitle = document.title;
    this.outbox = new Outbox(`outbox:${root.dataset.conversation}`);
    this.composer = new Composer(part("composer"), { key: `draft:${root.dataset.conversation}`, send: (text) => this.write(text) });
    this.lateness = new Lateness(() => this.render());
    this.follower = new Follower(part("transcript"), part("newest"));
    this.view = new View(part("entries"), {
      siteName: root.dataset.siteName,
      refocus: () => this.composer.focus(),
      decide: (action, decision) => this.decide(action, decision),
      retry: (turn) => this.connection.send({ type: "turn.retry", turn }) && this.take({ type: "local.retrying", turn }),
      resend: (id) => this.resend(id),
      rewrite: (id) => this.rewrite(id),
      reasons: (message) => `${root.dataset.reasons}${message}/`,
      note: (message, memory, decision, text) => this.connection.send({ type: "memory.decide", message, memory, decision, text }),
      rate: (message, vote, reason) => this.connection.send({ type: "message.rate", message, vote, reason }),
    });
    this.connection = new Connection(socketAddress(root.dataset.conversation), {
      heard: (frame) => this.hear(frame),
      changed: (status, code) => this.connectionChanged(status, code),
      waitsFor: () => (this.outbox.awaitsConfirmation ? "unsaid" : isBusy(this.state) ? "answering" : "idle"),
    });
    part("stop").addEventListener("click", () => this.stop());
    part("suggestions").hidden = false;
    part("suggestions").addEventListener("click", (event) => this.suggest(event));
  }

  start() {
    this.part("needs-script").remove();
    this.follower.jump();
    this.connection.start();
    this.render();
    if (matchMedia("(hover: hover)").matches) this.composer.focus();
  }

  // --- What the person does

  write(text) {
    this.outbox.add(text);
    this.say("");
    this.follower.jump();
    this.flush();
  }

  resend(id) {
    this.outbox.change(id, { status: "waiting", trouble: "" });
    this.flush();
  }

  rewrite(id) {
    const item = this.outbox.items.find((each) => each.id === id);
    this.outbox.remove(id);
    this.composer.text = [item.text, this.composer.text].filter(Boolean).join("\n");
    this.composer.focus();
    this.render();
  }

  decide({ action, digest }, decision) {
    if (this.connection.send({ type: "action.decide", action, digest, decision })) this.take({ type: "local.deciding", action, decision });
  }

  stop() {
    const turn = runningTurn(this.state);
    if (turn) this.connection.send({ type: "turn.stop", turn: turn.id });
    this.composer.focus();
  }

  suggest(event) {
    const button = event.target.closest("button");
    if (button) this.write(button.textContent);
  }

  flush() {
    if (this.state.synced) this.outbox.flush((frame) => this.connection.send(frame));
    this.render();
  }

  // --- What the site says

  hear(frame) {
    if (frame.type === "ack" && this.outbox.has(frame.id)) this.outbox.change(frame.id, { status: "kept", turn: frame.turn, queued: frame.status === "queued" });
    if (frame.type === "error") this.trouble(frame);
    this.take(frame);
    if (frame.type === "ready") this.composer.limit(this.state.maxLength);
    if (frame.type === "snapshot") this.flush();
  }

  trouble({ ref, code, message, retry_after: retryAfter }) {
    if (code === "limited") this.wait(ref, message, retryAfter);
    else if (this.outbox.has(ref)) this.outbox.change(ref, { status: "failed", trouble: message });
    else if (!this.state.actions.has(ref)) this.say(message);
  }

  /** A limit: what was refused goes back to where it can be sent again. */
  wait(ref, message, seconds) {
    if (this.outbox.has(ref)) this.rewrite(ref);
    this.composer.hold(seconds, message);
  }

  take(frame) {
    const before = this.state;
    this.state = reduce(before, frame);
    if (this.state === before) return this.render();
    this.outbox.settle(this.state.messages);
    if (this.state.gap && !before.gap) this.hello();
    const heard = news(before, this.state, this.root.dataset.siteName);
    if (heard.length) this.announce(heard);
    return this.render();
  }

  hello() {
    this.connection.send({ type: "hello", cursors: cursors(this.state) });
  }

  connectionChanged(status, code) {
    if (status === "open") this.hello();
    else this.outbox.interrupted(REFUSED.has(code) ? "The site could not read this message." : "");
    clearTimeout(this.impatience);
    this.patient = status === "reconnecting";
    if (this.patient) this.impatience = setTimeout(() => this.losePatience(), PATIENCE);
    this.say("");
  }

  losePatience() {
    this.patient = false;
    this.render();
  }

  // --- What is seen and heard

  say(text) {
    this.said = text;
    this.render();
  }

  announce(texts) {
    this.part("announcer").textContent = texts.join(" ");
    this.unread = true;
    if (document.hidden) document.title = `● ${this.shownTitle}`;
  }

  render() {
    this.due ??= requestAnimationFrame(() => {
      this.due = null;
      this.draw();
    });
  }

  draw() {
    const { state, part } = this;
    const status = this.connection.status;
    const lines = entries(state, this.outbox.items, status === "open" || status === "connecting");
    this.view.show(lines, { replaceServer: state.synced });
    part("welcome").hidden = lines.length > 0 || part("entries").children.length > 0;
    part("stop").hidden = !runningTurn(state) || !this.connection.isOpen;
    if (state.synced) this.drawHead();
    this.drawMemory();
    this.drawNotices();
    this.drawBanner(this.patient ? "open" : status);
    this.follower.grown(this.unread);
    this.unread = false;
  }

  drawHead() {
    const title = this.state.title || "New conversation";
    this.part("needs-person").hidden = !this.state.needsPerson;
    this.part("ask-person").hidden = this.state.needsPerson;
    if (this.part("title").textContent === title) return;
    this.part("title").textContent = title;
    this.shownTitle = document.title = `${title} · ${this.root.dataset.siteName}`;
  }

  drawMemory() {
    const { memory } = this.state;
    if (this.shownMemory === memory) return;
    this.shownMemory = memory;
    this.part("memory-paused").hidden = !memory.paused;
    this.part("memory-none").hidden = memory.paused || !memory.leaves_none;
    this.part("leave-memory").hidden = memory.leaves_none;
    this.part("remember").hidden = !memory.leaves_none;
  }

  drawNotices() {
    const { notices } = this.state;
    if (this.shownNotices === notices) return;
    this.shownNotices = notices;
    this.part("notices").replaceChildren(...notices.map(({ text }) => h("p", {}, text)));
    this.part("notices").hidden = !notices.length;
  }

  drawBanner(status) {
    const banner = this.part("connection");
    const unsent = status === "reconnecting" && this.outbox.items.length > 0;
    const late = this.lateness.look(awaited(this.state, this.outbox.items));
    const text = this.said || (unsent ? KEPT_HERE : BANNERS[status]) || (late ? LATE : "");
    if (banner.dataset.text !== text) {
      banner.dataset.text = text;
      banner.replaceChildren(text, ...this.wayOut(status));
    }
    banner.hidden = !text;
  }

  wayOut(status) {
    if (this.said || !["reconnecting", "crowded", "ended"].includes(status)) return [];
    const way = document.createElement(status === "ended" ? "a" : "button");
    way.textContent = status === "ended" ? "Sign in again" : "Try now";
    if (status === "ended") way.href = `${this.root.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`;
    else way.addEventListener("click", () => this.connection.retry());
    return [way];
  }
}

function socketAddress(conversation) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/conversations/${conversation}/`;
}

const page = new Page(document.querySelector("[data-chat]"));
page.start();
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.title = page.shownTitle;
});
