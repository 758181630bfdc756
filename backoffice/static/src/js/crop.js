// <div data-crop data-width data-height> with a frame over a picture: dragged, sized at its corner, or moved by the three sliders
// of its form, which hold what is sent: x, y, width in parts of 10,000 of the picture.
const PARTS = 10000;
const ASPECT = 16 / 9;

const between = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

const desk = (box) => {
  const frame = box.querySelector("[data-frame]");
  const { x, y, width } = box.closest("form").elements;
  const ratio = Number(box.dataset.width) / Number(box.dataset.height);
  const height = () => Number(width.value) / ASPECT * ratio;

  // A slider goes as far as the frame stays inside.
  const show = () => {
    x.max = Math.max(0, PARTS - Number(width.value));
    y.max = Math.max(0, Math.floor(PARTS - height()));
    Object.assign(frame.style, {
      left: `${Number(x.value) / 100}%`, top: `${Number(y.value) / 100}%`,
      width: `${Number(width.value) / 100}%`, height: `${height() / 100}%`,
    });
    frame.hidden = false;
  };

  const put = (left, top, wide) => {
    width.value = Math.round(between(wide, Number(width.min), Number(width.max)));
    x.max = PARTS;
    y.max = PARTS;
    x.value = Math.round(between(left, 0, PARTS - Number(width.value)));
    y.value = Math.round(between(top, 0, PARTS - height()));
    show();
  };

  // Sized from the middle, so that what was chosen stays chosen.
  let before = Number(width.value);
  width.addEventListener("input", () => {
    const grown = Number(width.value) - before;
    put(Number(x.value) - grown / 2, Number(y.value) - (grown / ASPECT * ratio) / 2, Number(width.value));
    before = Number(width.value);
  });
  for (const slider of [x, y]) slider.addEventListener("input", show);

  frame.addEventListener("pointerdown", (down) => {
    down.preventDefault();
    frame.setPointerCapture(down.pointerId);
    const area = box.getBoundingClientRect();
    const start = { x: Number(x.value), y: Number(y.value), width: Number(width.value) };
    const sizing = down.target.matches("[data-corner]");
    const drag = (move) => {
      const right = ((move.clientX - down.clientX) / area.width) * PARTS;
      const below = ((move.clientY - down.clientY) / area.height) * PARTS;
      if (sizing) {
        const room = Math.min(PARTS - start.x, ((PARTS - start.y) * ASPECT) / ratio);
        put(start.x, start.y, Math.min(start.width + right, room));
      } else {
        put(start.x + right, start.y + below, start.width);
      }
      before = Number(width.value);
    };
    frame.addEventListener("pointermove", drag);
    const end = () => frame.removeEventListener("pointermove", drag);
    frame.addEventListener("lostpointercapture", end, { once: true });
  });
  show();
};

document.querySelectorAll("[data-crop]").forEach(desk);
