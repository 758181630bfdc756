export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

// Who signs out and in again has another token: the one of a page that is loaded now goes into this one and its forms.
export const renewToken = async () => {
  const page = await (await fetch(location.href)).text();
  const token = new DOMParser().parseFromString(page, "text/html").querySelector('meta[name="csrf-token"]')?.content;
  if (!token) return;
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
};
