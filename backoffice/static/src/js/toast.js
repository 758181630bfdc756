// toast(text, {tone, undo: {label, url}}); also from the server: header HX-Trigger: {"toast": {"text": …, "tone": …}}.
import { csrfToken } from "./csrf.js";

const LIFE = 6000;
const LIFE_WITH_UNDO = 12000;

const undoButton = ({ label, url }, close) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = label;
  button.addEventListener("click", async () => {
    await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrfToken() } });
    close();
    location.reload();
  });
  return button;
};

export const toast = (text, { tone = "info", undo } = {}) => {
  const region = document.getElementById("toasts");
  if (!region) return;
  const item = document.createElement("div");
  item.className = `toast-item tone-${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  const close = () => item.remove();
  const x = document.createElement("button");
  x.type = "button";
  x.className = "toast-close";
  x.textContent = "×";
  x.setAttribute("aria-label", region.dataset.textClose);
  x.addEventListener("click", close);
  item.append(words, ...(undo ? [undoButton(undo, close)] : []), x);
  region.append(item);
  let timer = setTimeout(close, undo ? LIFE_WITH_UNDO : LIFE);
  item.addEventListener("pointerenter", () => clearTimeout(timer));
  item.addEventListener("focusin", () => clearTimeout(timer));
  item.addEventListener("pointerleave", () => { timer = setTimeout(close, LIFE); });
};

export const startToasts = () => {
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));
};
