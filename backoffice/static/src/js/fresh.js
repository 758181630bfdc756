// Elements with data-fresh and an id follow what was saved: the page is asked for once more and they are exchanged,
// except where somebody is just at them.
export const freshParts = async () => {
  let text;
  try {
    const answer = await fetch(location.pathname);
    if (!answer.ok || answer.redirected) return;
    text = await answer.text();
  } catch {
    return;
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh || fresh.innerHTML === old.innerHTML || old.contains(document.activeElement)) continue;
    const scroll = old.scrollTop;
    old.replaceChildren(...document.adoptNode(fresh).childNodes);
    old.scrollTop = scroll;
    // The rest of the site wires what htmx has brought in by this event.
    old.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: old } }));
  }
};
