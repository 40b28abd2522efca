// Times as the reader's own clock and language write them.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/** Fill a <time> from its datetime attribute: the hour today, day and hour before. */
export function localTime(element, now = new Date()) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.valueOf())) return;
  element.textContent = (at.toDateString() === now.toDateString() ? clock : date).format(at);
  element.title = full.format(at);
}
