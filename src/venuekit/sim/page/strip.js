// The run from left to right: faults as bands, lanes as rows of ticks, the whole run below.
const canvas = $("canvas");
const brush = canvas.getContext("2d");
const LEFT = 84, RIGHT = 16, AXIS = 20, TRACK = 9, LANE = 15, WHOLE = 26;
const SHOWN = LANES.filter((name) => name !== "world");
const TRACKS = Math.min(6, Math.max(1, run.bands.reduce((most, band) => Math.max(most, band.track + 1), 0)));
const FAULTS = AXIS + 2, TICKS = FAULTS + TRACKS * TRACK + 5, FOOT = TICKS + SHOWN.length * LANE + 6;
const HIGH = FOOT + WHOLE;
let wide = 0, drag = null, drawn = false;

const laneTop = (lane) => TICKS + SHOWN.indexOf(LANES[lane]) * LANE;
const across = (time) => LEFT + ((time - view.from) / (view.to - view.from)) * (wide - LEFT - RIGHT);
const timeAt = (x) => view.from + ((x - LEFT) / (wide - LEFT - RIGHT)) * (view.to - view.from);
const acrossWhole = (time) => LEFT + (time / END) * (wide - LEFT - RIGHT);
const timeAtWhole = (x) => Math.min(END, Math.max(0, ((x - LEFT) / (wide - LEFT - RIGHT)) * END));

function show(from, to) {
  const least = Math.min(0.02, END);
  let length = Math.min(END, Math.max(least, to - from));
  const start = Math.min(Math.max(0, (from + to) / 2 - length / 2), END - length);
  view.from = start; view.to = start + length;
  draw();
}
function zoom(factor, around = (view.from + view.to) / 2) {
  const length = Math.min(END, Math.max(Math.min(0.02, END), (view.to - view.from) * factor));
  const share = (around - view.from) / (view.to - view.from);
  show(around - share * length, around + (1 - share) * length);
}
function bring(time) { // into what the strip shows, with some air
  const length = view.to - view.from, air = length * 0.06;
  if (time < view.from + air || time > view.to - air) show(time - length / 2, time + length / 2);
}

function draw() { if (!drawn) { drawn = true; requestAnimationFrame(paint); } }

function paint() {
  drawn = false;
  const scale = devicePixelRatio || 1;
  wide = $("strip").clientWidth;
  if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(HIGH * scale)) {
    canvas.width = Math.round(wide * scale); canvas.height = Math.round(HIGH * scale); canvas.style.height = `${HIGH}px`;
  }
  brush.setTransform(scale, 0, 0, scale, 0, 0);
  brush.clearRect(0, 0, wide, HIGH);
  brush.font = `11px ${colour("sans")}`;
  brush.textBaseline = "middle";
  paintAxis();
  brush.save();
  brush.beginPath(); brush.rect(LEFT, 0, wide - LEFT - RIGHT, FOOT); brush.clip();
  paintBands(); paintDead(); paintTicks(); paintSight(); paintViolations();
  brush.restore();
  paintNames(); paintWhole(); paintDrag();
}

function paintAxis() {
  const room = (view.to - view.from) / Math.max(1, (wide - LEFT - RIGHT) / 90);
  const power = 10 ** Math.floor(Math.log10(room));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= room);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  brush.textAlign = "center"; brush.fillStyle = colour("faint"); brush.strokeStyle = colour("line"); brush.lineWidth = 1;
  for (let time = Math.ceil(view.from / step) * step; time <= view.to + 1e-9; time += step) {
    const x = Math.round(across(time)) + 0.5;
    brush.beginPath(); brush.moveTo(x, AXIS - 3); brush.lineTo(x, FOOT - 3); brush.stroke();
    brush.fillText(`${time.toFixed(digits)} s`, x, AXIS / 2);
  }
}

function paintBands() {
  const texts = [];
  for (const band of run.bands) {
    const x = across(band.from), end = Math.max(x + 3, across(band.to));
    if (end < LEFT || x > wide - RIGHT) continue;
    const y = FAULTS + (band.track % TRACKS) * TRACK;
    brush.globalAlpha = 0.9; brush.fillStyle = colour(band.colour); brush.fillRect(x, y, end - x, TRACK - 2);
    texts.push([band.kind.replaceAll("_", " "), Math.max(x, LEFT) + 4, y, Math.min(end, wide - RIGHT) - Math.max(x, LEFT)]);
  }
  brush.globalAlpha = 1; brush.textAlign = "left"; brush.font = `600 8px ${colour("sans")}`; brush.fillStyle = colour("card");
  for (const [text, x, y, room] of texts) if (brush.measureText(text).width + 8 < room) brush.fillText(text, x, y + TRACK / 2 - 0.5);
  brush.font = `11px ${colour("sans")}`;
}

function paintDead() {
  brush.fillStyle = colour("bad");
  for (const dead of run.dead) for (const lane of dead.lanes) {
    const x = across(dead.from), end = across(dead.to);
    brush.globalAlpha = 0.13; brush.fillRect(x, laneTop(lane), Math.max(2, end - x), LANE);
    brush.globalAlpha = 0.8; brush.fillRect(x - 0.5, laneTop(lane), 1.5, LANE);
  }
  brush.globalAlpha = 1;
}

function paintTicks() {
  const first = placeOf(view.times, view.from), last = placeOf(view.times, view.to + 1e-9);
  const bins = LANES.map(() => new Map());
  for (let place = first; place < last; place++) {
    const row = view.rows[place];
    if (row < 0 || L[row] === WORLD) continue;
    const x = Math.round(across(T[row]));
    bins[L[row]].set(x, (bins[L[row]].get(x) ?? 0) + 1);
  }
  bins.forEach((bin, lane) => {
    if (lane === WORLD) return;
    brush.fillStyle = colour(LANES[lane]);
    const top = laneTop(lane);
    for (const [x, count] of bin) {
      const high = Math.min(LANE - 3, 5 + 2.6 * Math.log2(count));
      brush.globalAlpha = Math.min(1, 0.55 + 0.12 * count);
      brush.fillRect(x - 0.75, top + LANE - 1 - high, 1.5, high);
    }
  });
  brush.globalAlpha = 1; brush.fillStyle = colour("line");
  SHOWN.forEach((_, number) => brush.fillRect(LEFT, TICKS + (number + 1) * LANE - 1, wide, 1));
}

function paintSight() { // what the list shows, the mark that was chosen, the one under the pointer
  const { first, last } = view.sight ?? {};
  if (first !== undefined && view.times.length) {
    const x = across(view.times[first]), end = Math.max(x + 2, across(view.times[last]));
    brush.fillStyle = colour("accent"); brush.globalAlpha = 0.09; brush.fillRect(x, TICKS - 3, end - x, FOOT - TICKS);
    brush.globalAlpha = 1;
  }
  for (const [row, alpha] of [[view.hovered, 0.5], [view.chosen, 1]]) {
    if (row === null) continue;
    brush.fillStyle = colour("accent"); brush.globalAlpha = alpha; brush.fillRect(across(timeOf(row)) - 0.75, AXIS - 3, 1.5, FOOT - AXIS);
    brush.globalAlpha = 1;
  }
}

function paintViolations() {
  brush.fillStyle = colour("bad");
  for (const broken of run.verdict.violations) {
    const x = across(broken.time);
    brush.fillRect(x - 1, AXIS - 5, 2, FOOT - AXIS + 2);
    brush.beginPath(); brush.moveTo(x - 5, AXIS - 9); brush.lineTo(x + 5, AXIS - 9); brush.lineTo(x, AXIS - 1); brush.fill();
  }
}

function paintNames() {
  brush.textAlign = "right"; brush.fillStyle = colour("faint");
  brush.fillText("faults", LEFT - 10, FAULTS + (TRACKS * TRACK) / 2);
  SHOWN.forEach((name, number) => {
    const isOn = view.lanes[LANES.indexOf(name)];
    brush.fillStyle = colour(isOn ? name : "faint"); brush.globalAlpha = isOn ? 1 : 0.6;
    brush.fillText(name, LEFT - 10, TICKS + number * LANE + LANE / 2);
  });
  brush.globalAlpha = 1; brush.fillStyle = colour("faint");
  brush.fillText(span(END), LEFT - 10, FOOT + WHOLE / 2 - 3);
}

function paintWhole() {
  const top = FOOT, high = WHOLE - 8;
  brush.fillStyle = colour("sunk"); brush.fillRect(LEFT, top, wide - LEFT - RIGHT, high);
  const bins = new Map();
  for (const row of view.rows) if (row >= 0) { const x = Math.round(acrossWhole(T[row])); bins.set(x, (bins.get(x) ?? 0) + 1); }
  const most = Math.max(1, ...bins.values());
  brush.fillStyle = colour("faint");
  for (const [x, count] of bins) {
    const part = Math.max(1.5, high * 0.72 * Math.sqrt(count / most));
    brush.globalAlpha = 0.75; brush.fillRect(x - 0.5, top + high - part, 1, part);
  }
  brush.globalAlpha = 0.9;
  for (const band of run.bands) {
    brush.fillStyle = colour(band.colour);
    brush.fillRect(acrossWhole(band.from), top, Math.max(1.5, acrossWhole(band.to) - acrossWhole(band.from)), 2.5);
  }
  brush.globalAlpha = 1; brush.fillStyle = colour("bad");
  for (const broken of run.verdict.violations) brush.fillRect(acrossWhole(broken.time) - 1, top - 2, 2, high + 2);
  const x = acrossWhole(view.from), end = Math.max(x + 4, acrossWhole(view.to));
  brush.fillStyle = colour("accent"); brush.globalAlpha = 0.14; brush.fillRect(x, top, end - x, high);
  brush.globalAlpha = 1; brush.strokeStyle = colour("accent"); brush.lineWidth = 1.5; brush.strokeRect(x, top, end - x, high);
}

function paintDrag() {
  if (!drag || drag.isWhole || Math.abs(drag.x - drag.start) < 4) return;
  const from = Math.min(drag.x, drag.start), to = Math.max(drag.x, drag.start);
  brush.fillStyle = colour("accent"); brush.globalAlpha = 0.2; brush.fillRect(from, AXIS, to - from, FOOT - AXIS); brush.globalAlpha = 1;
  brush.textAlign = "center"; brush.fillStyle = colour("ink"); brush.fillText(span(timeAt(to) - timeAt(from)), (from + to) / 2, AXIS / 2);
}

// --- pointing

function nearest(x, y) {
  const lane = SHOWN[Math.floor((y - TICKS) / LANE)];
  const reach = ((view.to - view.from) / (wide - LEFT - RIGHT)) * 5, time = timeAt(x);
  let best = null;
  for (let place = placeOf(view.times, time - reach); place < view.times.length && view.times[place] <= time + reach; place++) {
    const row = view.rows[place];
    if (row < 0 || LANES[L[row]] !== lane) continue;
    if (best === null || Math.abs(T[row] - time) < Math.abs(T[best] - time)) best = row;
  }
  return best;
}
function bandAt(x, y) {
  const track = Math.floor((y - FAULTS) / TRACK);
  return run.bands.find((band) => band.track % TRACKS === track && across(band.from) - 2 <= x && x <= Math.max(across(band.from) + 4, across(band.to)));
}
function tell(x, y) {
  const tip = $("tip");
  let said = "";
  const broken = run.verdict.violations.find((one) => y < TICKS && Math.abs(across(one.time) - x) < 5);
  if (x < LEFT || y >= FOOT) said = "";
  else if (broken) said = `${broken.invariant} at ${seconds(broken.time)} s: ${broken.text}`;
  else if (y >= FAULTS && y < TICKS) said = bandAt(x, y)?.text ?? "";
  else if (y >= TICKS) { const mark = nearest(x, y); said = mark === null ? "" : `${seconds(T[mark])} s  ${run.kinds[K[mark]]}  ${X[mark]}`; }
  tip.hidden = !said;
  if (!said) return;
  tip.textContent = said;
  tip.style.left = `${Math.min(x + 12, Math.max(8, wide - tip.offsetWidth - 8))}px`;
  tip.style.top = `${y + 16}px`;
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  drag = { start: event.offsetX, x: event.offsetX, isWhole: event.offsetY >= FOOT };
  if (drag.isWhole) wander(event.offsetX);
});
canvas.addEventListener("pointermove", (event) => {
  if (!drag) { tell(event.offsetX, event.offsetY); return; }
  drag.x = Math.min(wide - RIGHT, Math.max(LEFT, event.offsetX));
  if (drag.isWhole) wander(event.offsetX); else draw();
});
canvas.addEventListener("pointerup", (event) => {
  const was = drag; drag = null;
  if (!was || was.isWhole) return;
  if (Math.abs(was.x - was.start) >= 4) show(timeAt(Math.min(was.x, was.start)), timeAt(Math.max(was.x, was.start)));
  else {
    const band = event.offsetY < TICKS ? bandAt(event.offsetX, event.offsetY) : null;
    const mark = nearest(event.offsetX, event.offsetY);
    if (mark !== null) choose(mark); else chooseAt(band ? band.from : timeAt(event.offsetX));
  }
});
canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; });
canvas.addEventListener("dblclick", () => show(0, END));
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const unit = event.deltaMode === 1 ? 16 : 1;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const shift = ((event.deltaX || event.deltaY) * unit / (wide - LEFT - RIGHT)) * (view.to - view.from);
    show(view.from + shift, view.to + shift);
  } else zoom(Math.exp(event.deltaY * unit * 0.0016), timeAt(Math.min(wide - RIGHT, Math.max(LEFT, event.offsetX))));
}, { passive: false });
function wander(x) {
  const middle = timeAtWhole(x), half = (view.to - view.from) / 2;
  show(middle - half, middle + half);
  chooseAt(middle);
}
