// <div data-upload data-endpoint data-direct data-kind data-accept data-max-bytes data-field data-key data-room> (macro upload_field): sends the chosen
// file by tus in pieces, goes on after a pause, a lost connection or a reload, and puts the upload's id into the hidden input.
// Events on the box, bubbling: upload:start {name}, upload:done {id, name}, upload:failed {status}, upload:cancel.
import { Upload, defaultOptions } from "tus-js-client";
import { csrfToken, renewToken } from "./csrf.js";
import { PartsUpload } from "./parts-upload.js";
import { preflight } from "./preflight.js";
import { makeView, makeWords } from "./upload-view.js";

const CHUNK = 16 * 1024 * 1024;
const SIGNED_OUT = 401;
const NO_ROOM = 507;
// After these the file is no longer there and has to be sent anew.
const GONE = [404, 410];
const RETRIES = [0, 1000, 3000, 5000, 10000, 20000];

// Average over the last seconds: the figure must not dance.
const speedometer = () => {
  const marks = [];
  return (sent) => {
    const now = performance.now();
    marks.push([now, sent]);
    while (marks.length > 2 && now - marks[0][0] > 8000) marks.shift();
    const [then, before] = marks[0];
    return now - then < 500 ? 0 : ((sent - before) / (now - then)) * 1000;
  };
};

const reason = (error, status, words) => {
  if (!navigator.onLine) return words.say("offline");
  if (status === SIGNED_OUT) return words.say("login");
  const text = (error.originalResponse?.getBody() ?? "").trim();
  if (((status >= 400 && status < 500) || status === NO_ROOM) && text && text.length < 300 && !text.startsWith("<")) return words.say("refused", { reason: text });
  return words.say("failed");
};

const desk = (box) => {
  const words = makeWords(JSON.parse(box.querySelector("[data-upload-texts]").textContent));
  const input = box.querySelector("input[type=file]");
  const hidden = box.querySelector(`input[type=hidden][name="${CSS.escape(box.dataset.field)}"]`);
  const show = makeView(box, words);
  const tell = (type, detail = {}) => box.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  const rules = {
    accept: box.dataset.accept, kind: box.dataset.kind,
    maxBytes: Number(box.dataset.maxBytes) || 0, minHeight: Number(box.dataset.minHeight) || 0,
    room: box.dataset.room === undefined ? undefined : Number(box.dataset.room),
  };
  let upload = null;
  // Of the last answer; 0 while there is none.
  let status = 0;
  let last = { sent: 0, total: 1 };

  const percent = () => (last.sent / Math.max(last.total, 1)) * 100;
  const short = () => words.say("facts_short", { sent: words.size(last.sent), total: words.size(last.total) });

  const cancel = async () => {
    const ended = upload;
    upload = null;
    input.value = "";
    input.hidden = false;
    show({});
    tell("upload:cancel");
    // The server forgets the piece too; if it cannot be asked, its own sweep does.
    await ended?.abort(true).catch(() => {});
  };
  const resume = async () => {
    progress(last.sent, last.total, 0);
    if (status === SIGNED_OUT || status === 400) await renewToken().catch(() => {});
    upload?.start();
  };
  const pause = async () => {
    await upload.abort();
    show({ heading: words.say("paused", { name: upload.file.name }), percent: percent(), figures: short(), buttons: [["resume", resume], ["cancel", cancel]] });
  };

  const progress = (sent, total, speed) => {
    last = { sent, total };
    const figures = speed > 0
      ? words.say("facts", { sent: words.size(sent), total: words.size(total), speed: words.size(speed), left: words.left((total - sent) / speed) })
      : short();
    show({ heading: words.say("sending", { name: upload.file.name }), percent: percent(), figures, buttons: [["pause", pause], ["cancel", cancel]] });
  };

  const options = (file, facts) => {
    const measure = speedometer();
    return {
      endpoint: box.dataset.endpoint, chunkSize: CHUNK, retryDelays: RETRIES, removeFingerprintOnSuccess: true,
      metadata: {
        filename: file.name, filetype: file.type, kind: rules.kind, key: box.dataset.key ?? "",
        ...(facts ? { seconds: facts.seconds.toFixed(1), height: String(facts.height) } : {}),
      },
      // A full disk is not full for a moment: said at once, not after the last retry.
      onShouldRetry: () => navigator.onLine && status !== NO_ROOM && (status < 400 || status >= 500 || status === 409 || status === 423),
      onBeforeRequest: (request) => { status = 0; request.setHeader("X-CSRFToken", csrfToken()); },
      // Asked where to go on, a server that is busy or does not know us says nothing about the file; tus-js-client would
      // take it for gone and begin anew.
      onAfterResponse: (request, response) => {
        status = response.getStatus();
        const says = status < 300 || status === 423 || GONE.includes(status);
        if (request.getMethod() === "HEAD" && !says) throw new Error(`no answer: ${status}`);
      },
      onProgress: (sent, total) => { if (upload) progress(sent, total, measure(sent)); },
      onError: (error) => {
        show({ heading: file.name, percent: percent(), problem: reason(error, status, words), buttons: [["retry", resume], ["cancel", cancel]] });
        tell("upload:failed", { status });
      },
      onSuccess: () => {
        const id = new URL(upload.url, location.href).pathname.split("/").filter(Boolean).pop();
        hidden.value = id;
        input.hidden = false;
        input.value = "";
        show({ heading: words.say("done", { name: file.name }), percent: 100, figures: words.size(file.size) });
        upload = null;
        hidden.dispatchEvent(new Event("change", { bubbles: true }));
        tell("upload:done", { id, name: file.name });
      },
    };
  };

  const choose = async (file) => {
    const found = await preflight(file, rules);
    if (found.error) {
      const { size, limit } = found.values;
      const values = size === undefined ? found.values : { size: words.size(size), limit: words.size(limit) };
      input.value = "";
      show({ problem: words.say(found.error, values) });
      return;
    }
    upload = box.dataset.direct
      ? new PartsUpload(file, { ...options(file, found.facts), endpoint: box.dataset.direct })
      : new Upload(file, options(file, found.facts));
    const earlier = await upload.findPreviousUploads();
    const same = earlier.find((one) => one.metadata?.key === (box.dataset.key ?? ""));
    if (same) upload.resumeFromPreviousUpload(same);
    last = { sent: 0, total: file.size };
    input.hidden = true;
    show({ heading: words.say("sending", { name: file.name }), percent: 0, figures: found.warning ? words.say(found.warning) : "", buttons: [["pause", pause], ["cancel", cancel]] });
    tell("upload:start", { name: file.name });
    upload.start();
  };

  const remind = async () => {
    const known = await defaultOptions.urlStorage.findAllUploads();
    const mine = known.find((one) => one.metadata?.key && one.metadata.key === box.dataset.key);
    if (mine && !upload) show({ heading: words.say("unfinished", { name: mine.metadata.filename }) });
  };

  input.addEventListener("change", () => { if (input.files[0]) choose(input.files[0]); });
  box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("is-over"); });
  box.addEventListener("dragleave", () => box.classList.remove("is-over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("is-over");
    if (!upload && event.dataTransfer.files[0]) choose(event.dataTransfer.files[0]);
  });
  const stuck = () => upload && box.querySelector(".upload-error:not([hidden])");
  // Back from the tab in which they signed in again.
  window.addEventListener("focus", () => { if (stuck() && status === SIGNED_OUT) resume(); });
  window.addEventListener("online", () => { if (stuck()) resume(); });
  window.addEventListener("beforeunload", (event) => { if (upload) event.preventDefault(); });
  remind();
};

// <form data-send-when-arrived>: the file is all that it is about.
document.addEventListener("upload:done", (event) => event.target.closest("form[data-send-when-arrived]")?.requestSubmit());

const wired = new WeakSet();
const wire = (root) => {
  for (const box of [...(root.matches?.("[data-upload]") ? [root] : []), ...root.querySelectorAll("[data-upload]")]) {
    if (!wired.has(box)) { wired.add(box); desk(box); }
  }
};
wire(document);
// A form that htmx brings in later is wired as well.
document.addEventListener("htmx:load", (event) => wire(event.detail.elt));
