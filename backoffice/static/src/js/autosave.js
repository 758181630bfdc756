// <form data-autosave data-token-url data-login-url> (macro shared_form): what is typed is sent a little after typing stops, one
// save at a time. The server decides what is saved, merged, refused or to be chosen; see public/studio/autosave.py.
// Controls are written to only where nothing was typed since, and never while they have the focus.
import { csrfToken } from "./csrf.js";
import { makeFields } from "./autosave-fields.js";
import { freshParts } from "./fresh.js";

const PAUSE_MS = 1200;
const SLOW_MS = 1000;
const RETRY_MS = 15000;
// What a browser sends for a page that is going away may not be larger.
const KEEPALIVE_BYTES = 60000;

const desk = (form) => {
  const texts = JSON.parse(form.querySelector("[data-save-texts]").textContent);
  const status = form.querySelector("[data-save-status]");
  const fields = makeFields(form);
  const typed = { now: 0, saved: 0 };
  let sending = null;
  let timer;
  let whole = true;
  let leaving = false;
  let renewed = false;
  // Sent without an answer: perhaps it was saved, and then another version that stands there is our own.
  let unanswered = [];

  const pending = () => typed.now !== typed.saved;
  const say = (text, problem = false) => {
    whole = !problem;
    // Said once, so that screen readers are not told the same again and again.
    if (status.dataset.said !== text) status.replaceChildren(text);
    status.dataset.said = text;
    status.classList.toggle("is-problem", problem);
  };
  const later = (ms) => { clearTimeout(timer); timer = setTimeout(save, ms); };

  const signedOut = () => {
    say(texts.login, true);
    if (status.querySelector("a")) return;
    const link = document.createElement("a");
    Object.assign(link, { href: form.dataset.loginUrl, target: "_blank", textContent: texts.sign_in });
    status.append(" ", link);
  };

  // Whoever has signed in again elsewhere has another token.
  const newToken = async () => {
    const answer = await fetch(form.dataset.tokenUrl, { headers: { "HX-Request": "true", Accept: "application/json" } });
    if (!answer.ok) return false;
    const { csrf_token: token } = await answer.json();
    document.querySelector('meta[name="csrf-token"]').content = token;
    for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
    return true;
  };

  const post = (body, keepalive = false) => fetch(form.action, {
    method: "POST", body, keepalive,
    headers: { Accept: "application/json", "X-CSRFToken": csrfToken(), "Content-Type": "application/x-www-form-urlencoded" },
  });

  const failed = async (answer) => {
    const { code, title } = await answer.json().catch(() => ({}));
    const out = answer.status === 401 || code === "csrf";
    if (out && !renewed && (renewed = await newToken())) return later(0);
    renewed = false;
    if (out) signedOut();
    else if (answer.status < 500 && title) return say(texts.refused.replace("{reason}", title), true);
    else say(texts.trouble, true);
    return later(RETRY_MS);
  };

  const take = (answer, values, at) => {
    const own = fields.ownClashes(answer.clashes, unanswered);
    unanswered = [];
    renewed = false;
    fields.settle(answer, values);
    typed.saved = at;
    if (own.length) {
      for (const field of own) fields.remember(field, answer.clashes[field].shown);
      typed.saved = -1;
      return later(0);
    }
    fields.showRefused(answer.refused);
    fields.showChoice(answer.choice);
    say(answer.said, Object.keys({ ...answer.refused, ...answer.clashes }).length > 0);
    return pending() ? later(PAUSE_MS) : freshParts();
  };

  const send = async () => {
    const at = typed.now;
    const values = fields.values();
    let answer;
    try {
      answer = await post(fields.body());
    } catch {
      unanswered.push(values);
      say(texts.offline, true);
      return later(RETRY_MS);
    }
    if (!answer.ok) return failed(answer);
    return take(await answer.json(), values, at);
  };

  const save = async () => {
    clearTimeout(timer);
    if (sending || !pending() || leaving) return;
    const slow = setTimeout(() => { if (whole) say(texts.saving); }, SLOW_MS);
    sending = send();
    try { await sending; } finally { clearTimeout(slow); sending = null; }
  };

  const edited = (event) => {
    if (!event.target.name && event.target.type === "file") return;
    typed.now += 1;
    later(PAUSE_MS);
  };
  form.addEventListener("input", edited);
  form.addEventListener("change", edited);
  form.addEventListener("submit", (event) => {
    if (sending) {
      event.preventDefault();
      sending.finally(() => form.requestSubmit(event.submitter));
    } else {
      leaving = true;
    }
  });
  const again = () => { if (!document.hidden && pending()) later(0); };
  for (const type of ["online", "focus"]) window.addEventListener(type, again);
  document.addEventListener("visibilitychange", () => (document.hidden ? save() : again()));
  window.addEventListener("pagehide", () => {
    if (!leaving && !sending && pending()) post(fields.body(), fields.body().length < KEEPALIVE_BYTES).catch(() => {});
  });
  window.addEventListener("beforeunload", (event) => {
    const lost = pending() && (sending || !whole || fields.body().length >= KEEPALIVE_BYTES);
    if (!leaving && lost) event.preventDefault();
  });
  say(texts.idle);
};

document.querySelectorAll("form[data-autosave]").forEach(desk);
