// <video data-hls="…/master.m3u8" data-position-url="…" data-position="12.5" controls> plays through hls.js, or natively.
// Around it: .player > video + .player-tools (select[data-speed], select[data-quality]) + .player-error[hidden].
import Hls from "hls.js";
import workerUrl from "hls.js/dist/hls.worker.js";
import { keepPosition } from "./position.js";
import { storyboard } from "./storyboard.js";

const AT_THE_END = 5;

const fail = (video) => {
  const box = video.closest(".player")?.querySelector(".player-error");
  if (box) box.hidden = false;
};

const offerQuality = (video, hls) => {
  const select = video.closest(".player")?.querySelector("select[data-quality]");
  if (!select || hls.levels.length < 2) return;
  hls.levels.forEach((level, index) => select.add(new Option(`${level.height}p`, String(index))));
  select.addEventListener("change", () => { hls.nextLevel = Number(select.value); });
  select.closest("label").hidden = false;
};

const attach = (video) => {
  const url = video.dataset.hls;
  if (!Hls.isSupported()) { video.src = url; return; }
  const hls = new Hls({ workerPath: workerUrl, capLevelToPlayerSize: true, startPosition: start(video) });
  let mended = 0;
  hls.on(Hls.Events.MANIFEST_PARSED, () => offerQuality(video, hls));
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (!data.fatal) return;
    mended += 1;
    if (mended > 3) { hls.destroy(); fail(video); }
    else if (data.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && data.details !== "manifestLoadError") hls.startLoad();
    else { hls.destroy(); fail(video); }
  });
  hls.loadSource(url);
  hls.attachMedia(video);
};

const start = (video) => {
  const position = Number(video.dataset.position) || 0;
  return position > 1 ? position : -1;
};

const restore = (video) => {
  const position = start(video);
  if (position > 0 && position < video.duration - AT_THE_END) video.currentTime = position;
  else if (position > 0) video.currentTime = 0;
};

const keys = (video) => {
  const seek = (by) => { video.currentTime = Math.min(Math.max(video.currentTime + by, 0), video.duration || 0); };
  const speed = (by) => { video.playbackRate = Math.min(Math.max(video.playbackRate + by, 0.5), 2); };
  const captions = () => {
    const track = [...video.textTracks].find((t) => t.kind === "captions" || t.kind === "subtitles");
    if (track) track.mode = track.mode === "showing" ? "hidden" : "showing";
  };
  const moves = {
    k: () => (video.paused ? video.play() : video.pause()),
    j: () => seek(-10), l: () => seek(10), ArrowLeft: () => seek(-5), ArrowRight: () => seek(5),
    m: () => { video.muted = !video.muted; }, c: captions, "<": () => speed(-0.25), ">": () => speed(0.25),
    f: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen()),
  };
  moves[" "] = moves.k;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // The focused control keeps its own keys; the video element's own handling would otherwise act twice.
    if (event.target.closest("input, textarea, select, button, a, summary, dialog, [contenteditable]")) return;
    const move = moves[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!move) return;
    event.preventDefault();
    move();
  });
};

const speedMenu = (video) => {
  const select = video.closest(".player")?.querySelector("select[data-speed]");
  if (!select) return;
  select.addEventListener("change", () => { video.playbackRate = Number(select.value); });
  video.addEventListener("ratechange", () => { select.value = String(video.playbackRate); });
};

for (const video of document.querySelectorAll("video[data-hls]")) {
  attach(video);
  video.addEventListener("loadedmetadata", () => restore(video), { once: true });
  keepPosition(video);
  speedMenu(video);
  storyboard(video);
  keys(video);
}
