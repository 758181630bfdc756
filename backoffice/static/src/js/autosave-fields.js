// The controls of a form that saves by itself: what they hold, what they were filled with, and what is told at them.
const FOREIGN = ["csrf_token", "shown"];

const held = (control) => {
  if (control.type === "checkbox") return control.checked;
  if (control.multiple) return [...control.selectedOptions].map((option) => option.value);
  return control.value;
};

const put = (control, value) => {
  if (control.type === "checkbox") control.checked = value;
  else if (control.multiple) for (const option of control.options) option.selected = value.includes(option.value);
  else control.value = value;
};

// Browsers send line ends as they like, and the server keeps no outer spaces.
const same = (one, other) => {
  const plain = (value) => (typeof value === "string" ? value.replaceAll("\r\n", "\n").trim() : value);
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
};

export const makeFields = (form) => {
  const base = form.elements.namedItem("shown");
  const named = () => [...form.elements].filter((control) => control.name && !FOREIGN.includes(control.name) && control.type !== "radio");
  const control = (name) => form.elements.namedItem(name);
  const box = (field) => (control(field) ?? document.getElementById(field))?.closest(".field, fieldset");

  const body = () => new URLSearchParams(new FormData(form)).toString();
  const values = () => Object.fromEntries(named().map((one) => [one.name, held(one)]));
  const remember = (field, mark) => { base.value = JSON.stringify({ ...JSON.parse(base.value || "{}"), [field]: mark }); };

  // A field that only others have changed is shown anew, unless somebody is just at it: then it stays what it was filled with.
  const settle = (answer, sent) => {
    for (const [field, mark] of Object.entries(answer.shown)) {
      const fresh = answer.merged[field];
      if (!fresh) { remember(field, mark); continue; }
      const touched = Object.keys(fresh).some((name) => {
        const one = control(name);
        return one && (one === document.activeElement || JSON.stringify(held(one)) !== JSON.stringify(sent[name]));
      });
      if (touched) continue;
      for (const [name, value] of Object.entries(fresh)) if (control(name)) put(control(name), value);
      remember(field, mark);
    }
  };

  const ownClashes = (clashes, unanswered) => Object.entries(clashes)
    .filter(([, clash]) => unanswered.some((sent) => Object.entries(clash.controls).every(([name, value]) => same(sent[name] ?? "", value))))
    .map(([field]) => field);

  const clear = (one) => {
    one.querySelectorAll(".field-error").forEach((error) => error.remove());
    one.querySelectorAll("[aria-invalid]").forEach((invalid) => invalid.removeAttribute("aria-invalid"));
  };

  const showRefused = (refused) => {
    form.parentElement.querySelector(".form-summary")?.remove();
    form.querySelectorAll(".field:has(.field-error)").forEach(clear);
    for (const [field, reason] of Object.entries(refused)) {
      const error = document.createElement("p");
      error.className = "field-error";
      error.id = `${field}-error`;
      error.textContent = reason;
      box(field)?.append(error);
      control(field)?.setAttribute?.("aria-invalid", "true");
      control(field)?.setAttribute?.("aria-describedby", [`${field}-help`, error.id].filter((id) => document.getElementById(id)).join(" "));
    }
  };

  const showChoice = (html) => {
    const place = form.querySelector("[data-clashes]");
    const chosen = place.contains(document.activeElement) && document.activeElement.name.replace("choose-", "");
    if (chosen && html.includes(`choose-${chosen}`)) return;
    place.innerHTML = html;
    if (chosen) (control(chosen) ?? box(chosen)?.querySelector("input"))?.focus();
  };

  return { body, values, remember, settle, ownClashes, showRefused, showChoice };
};
