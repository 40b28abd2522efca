// Keys of the review desk. Whatever they do, a link, a checkbox or the menu of actions does too.

const rows = [...document.querySelectorAll("#result_list tbody tr")];
let here = -1;

function go(to) {
  rows[here]?.classList.remove("here");
  here = Math.max(0, Math.min(rows.length - 1, to));
  rows[here]?.classList.add("here");
  rows[here]?.querySelector("th a, td a")?.focus();
}

function box() {
  return rows[here]?.querySelector("input.action-select");
}

/** Do a verb with what is chosen, or else with the row one stands on. */
function act(verb) {
  const menu = document.querySelector('select[name="action"]');
  if (!menu || ![...menu.options].some((option) => option.value === verb)) return;
  if (!rows.some((row) => row.querySelector("input.action-select")?.checked) && box()) box().click();
  if (!rows.some((row) => row.querySelector("input.action-select")?.checked)) return;
  menu.value = verb;
  document.querySelector('button[name="index"]').click();
}

const onList = {
  j: () => go(here + 1),
  k: () => go(here - 1),
  x: () => box()?.click(),
  a: () => act("approve"),
  q: () => act("quarantine"),
  d: () => act("delete"),
  m: () => act("merge"),
  e: () => act("edit"),
  t: () => act("expire"),
  o: () => rows[here]?.querySelector("th a, td a")?.click(),
  "/": () => document.getElementById("searchbar").focus(),
};

function onDetail(key) {
  const link = [...document.querySelectorAll("a[data-key]")].find((each) => each.dataset.key === key);
  return link && (() => link.click());
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const doIt = rows.length ? onList[event.key] : onDetail(event.key);
  if (!doIt) return;
  event.preventDefault();
  doIt();
});

for (const hint of document.querySelectorAll(".keys")) hint.hidden = false;
