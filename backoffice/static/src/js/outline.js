// The order of a course: modules and lectures are dragged, or moved by their buttons, and sent as one list.
import Sortable from "sortablejs";

const form = document.querySelector("form[data-outline]");

const MODULES = "[data-modules]";
const LECTURES = "[data-lectures]";

const said = (item) => {
  const parent = item.parentElement;
  const place = [...parent.children].indexOf(item) + 1;
  const inside = parent.closest("[data-module]")?.dataset.title ?? form.dataset.course;
  return form.dataset.said
    .replace("{title}", item.dataset.title)
    .replace("{place}", place)
    .replace("{count}", parent.children.length)
    .replace("{inside}", inside);
};

const changed = (item) => {
  form.querySelector("[data-unsaved]").hidden = false;
  form.querySelector("[data-announce]").textContent = said(item);
  form.dataset.dirty = "";
};

// A lecture goes over the edge of its module into the neighbouring one.
const neighbour = (item, up) => {
  const lists = [...form.querySelectorAll(LECTURES)];
  return lists[lists.indexOf(item.parentElement) + (up ? -1 : 1)];
};

const move = (item, up) => {
  const beside = up ? item.previousElementSibling : item.nextElementSibling;
  if (beside) beside[up ? "before" : "after"](item);
  else if (item.matches("[data-lecture]")) neighbour(item, up)?.[up ? "append" : "prepend"](item);
  changed(item);
};

const order = () =>
  [...form.querySelectorAll(`${MODULES} > li`)].map((module) => [
    Number(module.dataset.module),
    [...module.querySelectorAll(`${LECTURES} > li`)].map((lecture) => Number(lecture.dataset.lecture)),
  ]);

if (form) {
  form.querySelectorAll("[data-move]").forEach((button) => {
    button.addEventListener("click", () => {
      move(button.closest("li"), button.dataset.move === "up");
      button.focus();
    });
  });
  const sortable = (list, group) =>
    new Sortable(list, { group, handle: "[data-handle]", animation: 120, forceFallback: true, fallbackOnBody: true, onEnd: ({ item }) => changed(item) });
  form.querySelectorAll(MODULES).forEach((list) => sortable(list, "modules"));
  form.querySelectorAll(LECTURES).forEach((list) => sortable(list, "lectures"));
  form.addEventListener("submit", () => {
    form.elements.order.value = JSON.stringify(order());
    delete form.dataset.dirty;
  });
  window.addEventListener("beforeunload", (event) => {
    if ("dirty" in form.dataset) event.preventDefault();
  });
}
