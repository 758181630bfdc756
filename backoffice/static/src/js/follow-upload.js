// <… data-follow-upload> around an upload field: what is sent there needs no form to be saved. When a file has arrived, the page is
// shown anew and tells what becomes of it.
document.addEventListener("upload:done", (event) => {
  if (event.target.closest("[data-follow-upload]")) location.reload();
});
