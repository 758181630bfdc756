// Menus (<details class="menu">) close on Escape, on a click outside and when another opens.
const BUSY_MS = 8000;
const openMenus = () => document.querySelectorAll("details.menu[open]");

export const startNav = () => {
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  // Folded by default where the screen is small, open where there is room.
  const wide = window.matchMedia("(min-width: 900px)");
  for (const sheet of document.querySelectorAll("details[data-open-wide]")) sheet.open = wide.matches;
  document.querySelector("[data-focus]")?.focus();
  // A strip of tabs that is wider than the screen begins at the one that is open.
  const tab = document.querySelector(".side-nav [aria-current]");
  const strip = tab?.closest("ul");
  if (strip) strip.scrollLeft = tab.offsetLeft - (strip.clientWidth - tab.clientWidth) / 2;
  // One click, one submission; the button comes back when the page does.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button || event.target.method === "get" || event.target.matches("[hx-post], [hx-get]")) return;
    if (button.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    button.setAttribute("aria-busy", "true");
    // A download leaves the page where it is; its button must come back too.
    setTimeout(() => button.removeAttribute("aria-busy"), BUSY_MS);
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
  });
};
