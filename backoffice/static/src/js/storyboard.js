// .player-strip[data-storyboard="…/storyboard.vtt"][data-says="{at} of {total}"] > input[type=range] + .player-glance: a place in the
// video is looked for by pointer, finger or keys, with the small picture that stands there. The video moves when it is let go.
const CUE = /((?:\d+:)?\d+:[\d.]+) --> ((?:\d+:)?\d+:[\d.]+)[^\n]*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/g;
const THUMB = 16;
const STAYS_MS = 1500;

const seconds = (stamp) => stamp.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

const clock = (time) => {
  const whole = Math.floor(time);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

// Sheets are named beside the track; the signed address of the track opens them, too.
const readCues = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) return [];
  return [...(await answer.text()).matchAll(CUE)].map(([, start, end, sheet, ...box]) => {
    const [x, y, width, height] = box.map(Number);
    return { start: seconds(start), end: seconds(end), url: new URL(sheet, new URL(url, location.href)).href, x, y, width, height };
  });
};

export const storyboard = (video) => {
  const strip = video.closest(".player")?.querySelector(".player-strip");
  if (!strip) return;
  const range = strip.querySelector("input");
  const glance = strip.querySelector(".player-glance");
  const picture = glance.querySelector("[data-picture]");
  const time = glance.querySelector("[data-time]");
  let cues = null;
  let looking = false;
  let leaving = 0;

  // Asked for by the first one who looks: most viewers never do.
  const load = () => { cues ??= readCues(strip.dataset.storyboard).catch(() => []); return cues; };

  const show = async (at) => {
    clearTimeout(leaving);
    time.textContent = clock(at);
    glance.hidden = false;
    const share = video.duration ? at / video.duration : 0;
    const place = THUMB / 2 + share * (strip.clientWidth - THUMB);
    const half = glance.offsetWidth / 2;
    glance.style.left = `${Math.min(Math.max(place, half), strip.clientWidth - half)}px`;
    glance.dataset.at = String(at);
    const cue = (await load()).find((one) => at < one.end) ?? (await load()).at(-1);
    // A later look may have come while the track was loading.
    if (!cue || glance.dataset.at !== String(at)) return;
    picture.style.width = `${cue.width}px`;
    picture.style.height = `${cue.height}px`;
    picture.style.backgroundImage = `url("${cue.url}")`;
    picture.style.backgroundPosition = `-${cue.x}px -${cue.y}px`;
  };
  const hide = () => { if (!looking) glance.hidden = true; };
  const say = () => {
    range.setAttribute("aria-valuetext", strip.dataset.says.replace("{at}", clock(Number(range.value))).replace("{total}", clock(video.duration)));
  };

  const ready = () => {
    if (!Number.isFinite(video.duration)) return;
    range.max = String(Math.max(1, Math.floor(video.duration)));
    say();
    strip.hidden = false;
  };
  video.addEventListener("durationchange", ready);
  ready();
  video.addEventListener("timeupdate", () => { if (!looking) { range.value = String(video.currentTime); say(); } });
  range.addEventListener("input", () => { looking = true; say(); show(Number(range.value)); });
  range.addEventListener("change", () => { looking = false; video.currentTime = Number(range.value); leaving = setTimeout(hide, STAYS_MS); });
  range.addEventListener("blur", () => { looking = false; hide(); });
  strip.addEventListener("pointermove", (event) => {
    if (looking || event.pointerType === "touch") return;
    const box = strip.getBoundingClientRect();
    const share = (event.clientX - box.left - THUMB / 2) / (box.width - THUMB);
    show(Math.min(Math.max(share, 0), 1) * video.duration);
  });
  strip.addEventListener("pointerleave", hide);
  strip.addEventListener("pointerup", () => { looking = false; });
};
