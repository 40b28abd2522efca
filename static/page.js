// Small comforts on every page; each page works without them.

import { localTime } from "./chat/time.js";

for (const time of document.querySelectorAll("time[data-local-time]")) localTime(time);

for (const input of document.querySelectorAll("input[type=password]")) {
  const wrapper = document.createElement("div");
  const button = document.createElement("button");
  wrapper.className = "secret";
  button.type = "button";
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
    button.setAttribute("aria-label", "Show password");
  };
  input.replaceWith(wrapper);
  wrapper.append(input, button);
  button.addEventListener("click", () => show(input.type === "password"));
  // Managers of passwords look for type=password when the form is sent.
  input.form.addEventListener("submit", () => show(false));
  show(false);
}

for (const menu of document.querySelectorAll("[data-menu]")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// Drafts and unsent messages belong to the person who signs out.
for (const form of document.querySelectorAll("form[data-sign-out]")) {
  form.addEventListener("submit", () => sessionStorage.clear());
}

// One click is one conversation.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
