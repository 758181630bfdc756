// Forms and links with data-confirm ask first, in one <dialog> that names the thing and the consequence.
// data-confirm-title, data-confirm-yes, data-confirm-tone="danger" are optional. Without the dialog the browser's own asks.
const ask = (source) => {
  const dialog = document.getElementById("confirm-dialog");
  const text = source.dataset.confirm;
  if (!dialog?.showModal) return Promise.resolve(window.confirm(text));
  const title = dialog.querySelector("#confirm-title");
  const yes = dialog.querySelector("[data-confirm-yes]");
  const danger = source.dataset.confirmTone === "danger";
  title.textContent = source.dataset.confirmTitle || title.dataset.default;
  dialog.querySelector("#confirm-text").textContent = text;
  yes.textContent = source.dataset.confirmYes || yes.dataset.default;
  yes.classList.toggle("btn-danger", danger);
  yes.classList.toggle("btn-primary", !danger);
  return new Promise((resolve) => {
    const done = new AbortController();
    const close = (answer) => { done.abort(); dialog.close(); resolve(answer); };
    const on = (target, type, listener) => target.addEventListener(type, listener, { signal: done.signal });
    on(yes, "click", () => close(true));
    on(dialog.querySelector("[data-confirm-no]"), "click", () => close(false));
    on(dialog, "cancel", (event) => { event.preventDefault(); close(false); });
    on(dialog, "click", (event) => { if (event.target === dialog) close(false); });
    dialog.showModal();
    // The harmless answer has the focus: Enter must not destroy anything by accident.
    dialog.querySelector("[data-confirm-no]").focus();
  });
};

const asked = new WeakSet();

const hold = async (event, source, go) => {
  if (asked.delete(source)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await ask(source)) { asked.add(source); go(); }
};

export const startConfirm = () => {
  // Capturing, so that neither the browser nor htmx sends anything before the answer.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form");
    const button = event.submitter;
    const source = button?.dataset.confirm ? button : form?.dataset.confirm ? form : null;
    if (source) hold(event, source, () => form.requestSubmit(button ?? undefined));
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-confirm]");
    if (link) hold(event, link, () => link.click());
  }, true);
};
