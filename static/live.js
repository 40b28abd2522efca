// A part of a page that is still changing: [data-live] is fetched again until the site sends it without the mark.
// Without this script the page refreshes itself (see the templates).

const EVERY_MS = 1500;

async function renew(part) {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(String(response.status));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById(part.id);
  if (!fresh || response.redirected) return location.reload();
  if (!fresh.isEqualNode(part)) part.replaceChildren(...fresh.childNodes);
  if (!("live" in fresh.dataset)) return part.removeAttribute("data-live");
  watch(part);
}

function watch(part) {
  setTimeout(() => renew(part).catch(() => watch(part)), EVERY_MS);
}

for (const part of document.querySelectorAll("[data-live]")) watch(part);
