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

/** "in 20 seconds" or "at 14:05", in words that follow a sentence. */
export function fromNow(seconds, now = new Date()) {
  if (seconds <= 90) return seconds === 1 ? "in a second" : `in ${seconds} seconds`;
  const at = new Date(now.getTime() + seconds * 1000);
  return `${at.toDateString() === now.toDateString() ? "today" : "tomorrow"} at ${clock.format(at)}`;
}
