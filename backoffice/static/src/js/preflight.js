// What can be said about a file before a byte is sent: kind, size, and for a video its length and height.
const accepted = (file, accept) => {
  if (!accept) return true;
  const name = file.name.toLowerCase();
  return accept.split(",").map((part) => part.trim().toLowerCase()).some((part) =>
    part.startsWith(".") ? name.endsWith(part) : part.endsWith("/*") ? file.type.startsWith(part.slice(0, -1)) : file.type === part);
};

const PROBE_MS = 8000;

export const probeVideo = (file) => new Promise((resolve) => {
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  const done = (facts) => { clearTimeout(timer); video.removeAttribute("src"); URL.revokeObjectURL(url); resolve(facts); };
  const timer = setTimeout(() => done(null), PROBE_MS);
  video.preload = "metadata";
  video.muted = true;
  video.addEventListener("loadedmetadata", () => done({ seconds: video.duration, width: video.videoWidth, height: video.videoHeight }));
  video.addEventListener("error", () => done(null));
  video.src = url;
});

// {error: key of the text, values} or {facts, warning}
export const preflight = async (file, { accept, maxBytes, kind, minHeight, room }) => {
  if (!accepted(file, accept)) return { error: "type", values: {} };
  if (file.size === 0) return { error: "empty", values: {} };
  if (maxBytes && file.size > maxBytes) return { error: "size", values: { size: file.size, limit: maxBytes } };
  if (room !== undefined && file.size > room) return { error: "room", values: { size: file.size, limit: room } };
  if (kind !== "video") return { facts: null };
  const facts = await probeVideo(file);
  if (!facts) return { facts: null, warning: "unreadable" };
  // No height: sound alone, or a picture that this browser cannot decode.
  if (!facts.height) return { facts, warning: file.type.startsWith("audio/") ? "sound_only" : "unreadable" };
  if (minHeight && Math.min(facts.width, facts.height) < minHeight) {
    return { error: "height", values: { found: Math.min(facts.width, facts.height), needed: minHeight } };
  }
  return { facts };
};
