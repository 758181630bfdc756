// <div id="…" data-poll="/url" data-poll-seconds="3" [data-poll-swap="innerHTML"]> is asked for again and again, while
// somebody looks. It ends with status 286, with the header HX-Stop-Polling, or when what comes back has no data-poll.
import htmx from "htmx.org";

const watched = new WeakSet();
const SLOWEST = 60;

const watch = (element) => {
  if (watched.has(element)) return;
  watched.add(element);
  const seconds = Number(element.dataset.pollSeconds) || 3;
  let wait = seconds;
  let timer;
  const busy = () => element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  const next = () => { clearTimeout(timer); timer = setTimeout(look, wait * 1000); };
  const stop = () => { clearTimeout(timer); document.removeEventListener("visibilitychange", seen); };
  const seen = () => { if (!document.hidden) look(); };

  const look = async () => {
    if (!element.isConnected) return stop();
    if (document.hidden) return;
    if (busy()) return next();
    let answer;
    const remember = (event) => { answer = event.detail.xhr; };
    element.addEventListener("htmx:afterRequest", remember, { once: true });
    try {
      await htmx.ajax("GET", element.dataset.poll, { source: element, target: element, swap: element.dataset.pollSwap || "outerHTML" });
    } catch { /* counted below by its status */ }
    element.removeEventListener("htmx:afterRequest", remember);
    const status = answer?.status ?? 0;
    if (status === 286 || answer?.getResponseHeader("HX-Stop-Polling")) return stop();
    // A server in trouble is asked less and less often.
    wait = status >= 200 && status < 400 ? seconds : Math.min(wait * 2, SLOWEST);
    if (element.isConnected) next(); else stop();
  };
  document.addEventListener("visibilitychange", seen);
  next();
};

export const watchIn = (root) => {
  if (root.matches?.("[data-poll]")) watch(root);
  root.querySelectorAll("[data-poll]").forEach(watch);
};
