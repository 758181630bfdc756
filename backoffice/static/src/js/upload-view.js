// The face of one upload: words, bar, figures, buttons. Knows nothing of the transfer.
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");

export const makeWords = (texts) => {
  const size = (bytes) => {
    const power = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)), texts.units.length - 1);
    const value = bytes / 1024 ** power;
    return `${value.toFixed(value < 10 && power > 0 ? 1 : 0)} ${texts.units[power]}`;
  };
  const left = (seconds) => seconds < 90 ? fill(texts.seconds, { n: Math.ceil(seconds) }) : fill(texts.minutes, { n: Math.ceil(seconds / 60) });
  return { size, left, say: (key, values = {}) => fill(texts[key] ?? key, values) };
};

const element = (tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

const STEP = 10;

export const makeView = (box, words) => {
  const live = box.querySelector("[data-upload-live]");
  const title = element("p", "upload-file");
  const meter = element("div", "meter");
  const bar = document.createElement("progress");
  const facts = element("p", "upload-facts");
  const status = element("p", "visually-hidden");
  const error = element("p", "upload-error");
  const actions = element("div", "actions");
  bar.max = 100;
  status.setAttribute("role", "status");
  error.setAttribute("role", "alert");
  meter.append(bar);
  live.append(title, meter, facts, error, actions, status);
  let spoken = "";

  const show = ({ heading = "", percent = null, figures = "", problem = "", buttons = [] }) => {
    title.textContent = heading;
    meter.hidden = percent === null;
    bar.value = percent ?? 0;
    bar.setAttribute("aria-label", heading);
    facts.textContent = figures;
    error.textContent = problem;
    error.hidden = !problem;
    const labels = buttons.map(([key]) => key).join();
    if (actions.dataset.labels !== labels) {
      const had = actions.contains(document.activeElement);
      actions.replaceChildren(...buttons.map(([key, act]) => {
        const button = element("button", "btn btn-sm", words.say(key));
        button.type = "button";
        button.addEventListener("click", act);
        return button;
      }));
      actions.dataset.labels = labels;
      if (had) actions.querySelector("button")?.focus();
    }
    // Screen readers hear the start, every tenth and the end, not every packet.
    const step = `${heading}|${percent === null ? "" : Math.floor(percent / STEP)}`;
    if (step !== spoken) { spoken = step; status.textContent = percent === null ? heading : `${heading}: ${Math.floor(percent)} %`; }
  };
  show({});
  return show;
};
