// The back office: what Flask-Admin does by inline handlers, which the policy forbids, goes through one listener.
//   data-batch-action="name"   menu entry of "With selected"      (was onclick="modelActions.execute(...)")
//   data-confirm="text"        on a form, its button or a link    (was onclick="return faHelpers.safeConfirm(...)")
//   data-tick-all="form id"    ticks all boxes of a form
//   data-confirm-sum="text"    on a form: its data-confirm with {count} and {sum} of what is ticked ("id:minor units:…")
//   data-add-inline="field id" button that adds an inline form    (was onclick="faForm.addInlineField(...)")
import { startConfirm } from "./confirm.js";
import { localTimes } from "./time.js";
import { startToasts } from "./toast.js";

document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-batch-action]");
  const inline = event.target.closest("[data-add-inline]");
  if (action) { event.preventDefault(); window.modelActions?.execute(action.dataset.batchAction); }
  if (inline) { event.preventDefault(); window.faForm?.addInlineField(inline, inline.dataset.addInline); }
  if (event.target.closest('a[href="#"]')) event.preventDefault();
});

const tell = (form) => {
  const ticked = [...form.elements].filter((field) => field.type === "checkbox" && field.checked);
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: form.dataset.currency });
  const digits = format.resolvedOptions().maximumFractionDigits;
  const sum = ticked.reduce((minor, field) => minor + Number(field.value.split(":")[1]), 0) / 10 ** digits;
  form.dataset.confirm = form.dataset.confirmSum.replace("{count}", ticked.length).replace("{sum}", format.format(sum));
};

for (const form of document.querySelectorAll("form[data-confirm-sum]")) {
  document.addEventListener("change", (event) => { if (event.target.form === form) tell(form); });
  tell(form);
}
for (const button of document.querySelectorAll("[data-tick-all]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const form = document.getElementById(button.dataset.tickAll);
    for (const field of form.elements) if (field.type === "checkbox") field.checked = true;
    tell(form);
  });
}

startConfirm();
startToasts();
localTimes(document);
