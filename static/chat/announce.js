// What a screen reader hears: whole messages and decisions, never single words as they stream in.

/** Texts worth saying about the step from one state to the next. */
export function news(before, after, siteName) {
  if (!before.synced) return [];
  return [...messageNews(before, after, siteName), ...actionNews(before, after), ...turnNews(before, after)];
}

function messageNews(before, after, siteName) {
  const isWhole = (message) => message && !message.streaming;
  const fresh = [...after.messages.values()].filter((each) => each.role !== "customer" && isWhole(each) && !isWhole(before.messages.get(each.id)));
  const names = { agent: siteName, staff: "Our team", system: "Notice" };
  return fresh.map((message) => `${message.author || names[message.role]}: ${words(message)}`);
}

// The text is Markdown: its marks are not for ears. A parsed document is inert: it runs and loads nothing.
function words({ html, text }) {
  if (!html) return text;
  const blocks = new DOMParser().parseFromString(html, "text/html").body.children;
  return [...blocks].map((block) => block.textContent.trim()).join(" ");
}

function actionNews(before, after) {
  const fresh = [...after.actions.values()].filter((each) => each.status === "proposed" && before.actions.get(each.action)?.digest !== each.digest);
  return fresh.map(({ preview, approver }) => (approver === "customer" ? `Please confirm or decline: ${preview.title}` : `Waiting for our team: ${preview.title}`));
}

function turnNews(before, after) {
  const failed = [...after.turns.values()].filter((each) => each.status === "failed" && before.turns.get(each.id)?.status !== "failed");
  return failed.map(({ error }) => error?.message ?? "The answer could not be written.");
}
