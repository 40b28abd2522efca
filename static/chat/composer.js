// The text field: grows with the text, counts near the limit, keeps the draft, and waits where the site asks it to.

import { fromNow } from "./time.js";

const COUNT_FROM = 0.9;

export class Composer {
  /** `send(text)` gets trimmed text within the limit. The draft is kept under `key`. */
  constructor(form, { key, send, storage = sessionStorage }) {
    Object.assign(this, { form, key, send, storage });
    this.field = form.querySelector("textarea");
    this.note = form.querySelector("[data-held]");
    this.counter = form.querySelector("[data-count]");
    this.button = form.querySelector("[type=submit]");
    this.maxLength = 8000;
    form.addEventListener("submit", (event) => this.submit(event));
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("keydown", (event) => this.key_(event));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.focus());
    form.hidden = false;
    this.text = storage.getItem(key) ?? "";
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    this.field.value = text;
    this.changed();
  }

  focus() {
    this.field.focus();
  }

  limit(maxLength) {
    this.maxLength = maxLength;
    this.changed();
  }

  /** Nothing can be sent for so many seconds; what has been written stays. */
  hold(seconds, sentence) {
    clearTimeout(this.held);
    this.held = setTimeout(() => this.lift(), seconds * 1000);
    this.note.textContent = `${sentence} You can send again ${fromNow(seconds)}.`;
    this.note.hidden = false;
    this.changed();
  }

  lift() {
    this.held = null;
    this.note.hidden = true;
    this.changed();
  }

  key_(event) {
    // While an input method composes, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  submit(event) {
    event.preventDefault();
    const text = this.text.trim();
    if (!text || this.held || length(text) > this.maxLength) return;
    this.text = "";
    this.send(text);
    this.focus();
  }

  changed() {
    const used = length(this.text.trim());
    const over = used - this.maxLength;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight + 2}px`;
    this.counter.hidden = used < this.maxLength * COUNT_FROM;
    this.counter.classList.toggle("over", over > 0);
    this.counter.textContent = over > 0 ? `${over} characters too many` : `${-over} characters left`;
    this.button.disabled = over > 0 || Boolean(this.held);
    if (this.text) this.storage.setItem(this.key, this.text);
    else this.storage.removeItem(this.key);
  }
}

/** In characters as the site counts them, so that an emoji is one. */
const length = (text) => [...text].length;
