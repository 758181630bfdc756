// Watched position: every ten seconds while playing, on pause and when the page goes away (P-5).
import { csrfToken } from "./csrf.js";

const EVERY_MS = 10000;

const watchedRanges = (video) => {
  const ranges = [];
  for (let i = 0; i < video.played.length; i += 1) ranges.push(`${video.played.start(i).toFixed(1)}-${video.played.end(i).toFixed(1)}`);
  return ranges.join(",");
};

export const keepPosition = (video) => {
  const url = video.dataset.positionUrl;
  if (!url) return;
  let last = "";
  const form = () => {
    const data = new FormData();
    data.set("csrf_token", csrfToken());
    data.set("position", video.currentTime.toFixed(1));
    data.set("duration", (Number.isFinite(video.duration) ? video.duration : 0).toFixed(1));
    data.set("watched", watchedRanges(video));
    return data;
  };
  const changed = () => {
    const now = `${video.currentTime.toFixed(1)}|${watchedRanges(video)}`;
    if (now === last || video.played.length === 0) return false;
    last = now;
    return true;
  };
  const send = async () => {
    if (!changed()) return;
    try {
      const answer = await fetch(url, { method: "POST", body: form(), headers: { Accept: "application/json" } });
      if (answer.ok && answer.headers.get("content-type")?.includes("json")) {
        video.dispatchEvent(new CustomEvent("player:progress", { bubbles: true, detail: await answer.json() }));
      }
    } catch { last = ""; }
  };
  setInterval(() => { if (!video.paused) send(); }, EVERY_MS);
  video.addEventListener("pause", send);
  video.addEventListener("ended", send);
  window.addEventListener("pagehide", () => { if (changed()) navigator.sendBeacon(url, form()); });
};
