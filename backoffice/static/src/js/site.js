import htmx from "htmx.org";
import { startConfirm } from "./confirm.js";
import { csrfToken } from "./csrf.js";
import { watchIn } from "./live.js";
import { startNav } from "./nav.js";
import { startTheme } from "./theme.js";
import { localTimes, ownTimeZone } from "./time.js";
import { startToasts } from "./toast.js";

// The policy allows neither inline styles nor eval; meta[name=htmx-config] says the same for whoever reads the page.
Object.assign(htmx.config, { includeIndicatorStyles: false, allowEval: false, selfRequestsOnly: true });

document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = csrfToken(); });
// A form that comes back with its errors (422) and a refusal (409) are pages to show, not failures to hide.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("htmx:load", (event) => { localTimes(event.detail.elt); watchIn(event.detail.elt); });

startConfirm();
startToasts();
startTheme();
startNav();
localTimes(document);
ownTimeZone(document);
watchIn(document);
