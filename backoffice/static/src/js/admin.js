// The back office: what Flask-Admin does by inline handlers, which the policy forbids, goes through one listener.
//   data-batch-action="name"   menu entry of "With selected"      (was onclick="modelActions.execute(...)")
//   data-confirm="text"        on a form, its button or a link    (was onclick="return faHelpers.safeConfirm(...)")
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

startConfirm();
startToasts();
localTimes(document);
