// <time datetime="…" data-local="datetime|date|time|relative">: the reader's own zone; the server's text stays as the title.
const STYLES = {
  datetime: { dateStyle: "medium", timeStyle: "short" },
  date: { dateStyle: "long" },
  time: { timeStyle: "short", timeZoneName: "short" },
};
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

const relative = (date, lang) => {
  const seconds = (date - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(Math.round(seconds / size), unit);
};

export const localTimes = (root) => {
  const lang = document.documentElement.lang || undefined;
  for (const element of root.querySelectorAll("time[data-local]")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.valueOf())) continue;
    element.title ||= element.textContent.trim();
    const kind = element.dataset.local;
    element.textContent = kind === "relative" ? relative(date, lang) : new Intl.DateTimeFormat(lang, STYLES[kind] ?? STYLES.datetime).format(date);
  }
};

// <input type="hidden" data-time-zone>: the zone of this browser, for forms that begin an account.
export const ownTimeZone = (root) => {
  for (const field of root.querySelectorAll("input[data-time-zone]")) field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
};
