// The run from top to bottom: a row a mark, each on the life line of its lane; only rows in sight exist.
const list = $("list"), sheet = $("sheet"), rowsBox = $("rows"), links = $("links");
const HEIGHT = 22, GUTTER = 62, FIRST_LINE = 172, HEAD = 24;
const SVG = "http://www.w3.org/2000/svg";
const housed = new Map(LANES.map((_, lane) => [lane, new Set()]));
L.forEach((lane, mark) => housed.get(lane).add(H[mark]));
const crowded = new Set([...LANES.keys()].filter((lane) => housed.get(lane).size > 1)); // lanes whose rows say which host

let listWide = 0; // asked once for each drawing: asking makes the browser lay out all that was changed before
function lineOf(lane) {
  const room = listWide - FIRST_LINE;
  const step = Math.min(118, Math.max(58, (room - 260) / SHOWN.length));
  return FIRST_LINE + Math.max(0, SHOWN.indexOf(LANES[lane])) * step;
}
const middleOf = (place) => place * HEIGHT + HEIGHT / 2;

function marked(text) {
  const terms = wanted(view.words).filter(([, isWanted]) => isWanted).map(([word]) => word);
  if (view.order && view.order !== "any") terms.push(run.orders[Number(view.order)].name.toLowerCase());
  const pieces = [];
  const lower = text.toLowerCase();
  let done = 0;
  while (terms.length && done < text.length) {
    const hits = terms.map((term) => [lower.indexOf(term, done), term.length]).filter(([at]) => at >= 0);
    if (!hits.length) break;
    const [at, length] = hits.reduce((first, hit) => (hit[0] < first[0] ? hit : first));
    pieces.push(text.slice(done, at), element("mark", {}, text.slice(at, at + length)));
    done = at + length;
  }
  pieces.push(text.slice(done));
  return pieces;
}

function rowFor(place) {
  const row = view.rows[place], time = view.times[place];
  const made = element("div", { class: "row" });
  made.style.top = `${place * HEIGHT}px`;
  if (row < 0 && view.specials[~row].kind === "pause") {
    made.classList.add("pause");
    const words = element("span", {}, `${span(view.specials[~row].seconds)} without a mark`);
    words.style.left = `${FIRST_LINE + 14 - 8}px`;
    made.append(words);
    return made;
  }
  made.dataset.row = row;
  made.setAttribute("role", "option");
  if (view.chosen === row) made.classList.add("chosen");
  const isSame = place > 0 && seconds(view.times[place - 1]) === seconds(time) && view.rows[place - 1] >= 0;
  made.append(element("span", { class: isSame && row >= 0 ? "when same" : "when" }, seconds(time)));
  const what = element("span", { class: "what" });
  if (row < 0) {
    const broken = run.verdict.violations[view.specials[~row].number];
    made.classList.add("violation");
    what.style.setProperty("--at", `${FIRST_LINE - 4}px`);
    what.append(`▼ ${broken.invariant}: ${broken.text}`);
  } else {
    const lane = L[row];
    if (lane === WORLD) made.classList.add("world");
    made.style.setProperty("--lane", `var(--${LANES[lane]})`);
    what.style.setProperty("--at", `${lane === WORLD ? FIRST_LINE - 4 : lineOf(lane) + 7}px`);
    what.append(element("span", { class: isBad(row) ? "kind bad" : "kind" }, run.kinds[K[row]].replaceAll("_", " ")));
    if (lane === WORLD ? run.hosts[H[row]] !== "" : crowded.has(lane)) what.append(element("span", { class: "host" }, run.hosts[H[row]]));
    what.append(...marked(X[row]));
  }
  made.append(what);
  return made;
}

function fill() {
  listWide = list.clientWidth;
  const top = Math.max(0, list.scrollTop), high = list.clientHeight - HEAD;
  const first = Math.max(0, Math.floor(top / HEIGHT) - 8);
  const last = Math.min(view.rows.length - 1, Math.ceil((top + high) / HEIGHT) + 8);
  const rows = [];
  for (let place = first; place <= last; place++) rows.push(rowFor(place));
  rowsBox.replaceChildren(...rows);
  const start = Math.min(view.rows.length - 1, Math.floor(top / HEIGHT));
  view.sight = view.rows.length ? { first: Math.max(0, start), last: Math.min(view.rows.length - 1, Math.floor((top + high) / HEIGHT)) } : null;
  connect(first, last);
  draw();
}

function layOut() {
  arrange();
  sheet.style.height = `${view.rows.length * HEIGHT + 40}px`;
  listWide = list.clientWidth;
  $("nothing").hidden = view.count > 0;
  $("count").textContent = view.count === T.length ? counted(T.length, "mark") : `${view.count.toLocaleString("en")} of ${counted(T.length, "mark")}`;
  $("lane-heads").replaceChildren(...SHOWN.map((name) => {
    const head = element("span", { lane: name }, name);
    head.style.left = `${lineOf(LANES.indexOf(name)) - 4}px`;
    head.style.color = "var(--lane)";
    return head;
  }));
  fill();
}

// --- lines between dots

function shape(name, attributes, title) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (title) { made.append(document.createElementNS(SVG, "title")); made.firstChild.textContent = title; }
  return made;
}

function curve(from, to) {
  const x = lineOf(L[from]), y = middleOf(view.rowOf.get(from)), x2 = lineOf(L[to]), y2 = middleOf(view.rowOf.get(to));
  if (x === x2) { const bulge = Math.min(26, 5 + Math.abs(y2 - y) / 12); return `M${x} ${y}C${x - bulge} ${y + 8},${x - bulge} ${y2 - 8},${x2} ${y2}`; }
  const bend = Math.min(60, Math.abs(y2 - y) / 2);
  return `M${x} ${y}C${x} ${y + bend},${x2} ${y2 - bend},${x2} ${y2}`;
}

function connect(first, last) {
  const pieces = [], top = first * HEIGHT, bottom = (last + 1) * HEIGHT;
  for (const name of SHOWN) {
    const x = lineOf(LANES.indexOf(name));
    pieces.push(shape("line", { class: "life", x1: x, x2: x, y1: top, y2: bottom }));
  }
  for (const dead of run.dead) {
    const y = Math.max(top, placeOf(view.times, dead.from) * HEIGHT), end = Math.min(bottom, placeOf(view.times, dead.to) * HEIGHT);
    if (end <= y) continue;
    for (const lane of dead.lanes) {
      const x = lineOf(lane);
      pieces.push(shape("line", { x1: x, x2: x, y1: y, y2: end, stroke: "var(--card)", "stroke-width": 3 }));
      pieces.push(shape("line", { class: "dead", x1: x, x2: x, y1: y, y2: end }));
    }
  }
  for (const band of run.bands) {
    const y = placeOf(view.times, band.from) * HEIGHT, end = Math.max(y + 4, placeOf(view.times, band.to + 1e-9) * HEIGHT);
    if (end < top || y > bottom) continue;
    const x = 8 + (band.track % 6) * 8;
    pieces.push(shape("rect", { x, y: Math.max(y, top), width: 5, height: Math.min(end, bottom) - Math.max(y, top), fill: `var(--${band.colour})`, style: "pointer-events:auto" }, band.text));
  }
  const chain = related(view.hovered ?? view.chosen);
  const seen = new Set(), over = [];
  const join = (from, to) => {
    if (from < 0 || !view.rowOf.has(from) || !view.rowOf.has(to) || L[from] === WORLD || L[to] === WORLD) return;
    const name = `${from}>${to}`;
    if (seen.has(name)) return;
    seen.add(name);
    const inChain = chain.has(from) && chain.has(to);
    const looks = [inChain ? "chain" : "", guessed.has(to) ? "guess" : ""].join(" ").trim();
    (inChain ? over : pieces).push(shape("path", { class: looks, d: curve(from, to) }));
  };
  for (const mark of chain) join(A[mark], mark);
  for (let place = first; place <= last; place++) {
    const row = view.rows[place];
    if (row === undefined || row < 0) continue;
    join(A[row], row);
    for (const answer of answers.get(row) ?? []) join(row, answer);
  }
  pieces.push(...over);
  for (let place = first; place <= last; place++) {
    const row = view.rows[place];
    if (row === undefined || row < 0 || L[row] === WORLD) continue;
    pieces.push(shape("circle", { cx: lineOf(L[row]), cy: middleOf(place), r: row === view.chosen ? 5.5 : 4, fill: `var(--${isBad(row) ? "bad" : LANES[L[row]]})` }));
  }
  links.setAttribute("height", view.rows.length * HEIGHT);
  links.replaceChildren(...pieces);
}

// A mark with what it answers, back to the beginning, and with all that answers it.
function related(row) {
  const found = new Set();
  if (row === null || row < 0) return found;
  for (let mark = row; mark >= 0 && !found.has(mark); mark = A[mark]) found.add(mark);
  const waiting = [row];
  while (waiting.length && found.size < 300) {
    for (const answer of answers.get(waiting.pop()) ?? []) if (!found.has(answer)) { found.add(answer); waiting.push(answer); }
  }
  return found;
}

// --- choosing

function choose(row, { isCentred = false } = {}) {
  if (!view.rowOf.has(row)) return;
  view.chosen = row;
  const place = view.rowOf.get(row), high = list.clientHeight - HEAD, y = place * HEIGHT;
  if (isCentred || y < list.scrollTop || y > list.scrollTop + high - HEIGHT) list.scrollTop = Math.max(0, y - high / 2);
  bring(timeOf(row));
  fill();
  tellAll(row);
  try { history.replaceState(null, "", row >= 0 ? `#mark-${row + 1}` : `#violation-${view.specials[~row].number + 1}`); } catch { /* a page from a file may not be allowed to */ }
}
function chooseAt(time) {
  let place = Math.min(view.rows.length - 1, placeOf(view.times, time));
  while (place >= 0 && isPause(place)) place++;
  if (place >= 0 && place < view.rows.length) choose(view.rows[place], { isCentred: true });
}
const isPause = (place) => view.rows[place] < 0 && view.specials[~view.rows[place]].kind === "pause";

function step(direction, isWanted = () => true) {
  let place = view.chosen === null ? (view.sight?.first ?? 0) - direction : view.rowOf.get(view.chosen) ?? -1;
  for (place += direction; place >= 0 && place < view.rows.length; place += direction)
    if (!isPause(place) && isWanted(view.rows[place])) { choose(view.rows[place]); return true; }
  return false;
}

list.addEventListener("scroll", () => requestAnimationFrame(fill), { passive: true });
list.addEventListener("pointerover", (event) => {
  const row = event.target.closest?.(".row")?.dataset.row;
  view.hovered = row === undefined ? null : Number(row);
  if (view.sight) connect(Math.max(0, view.sight.first - 8), Math.min(view.rows.length - 1, view.sight.last + 8));
  if (view.hovered !== null) tellAll(view.hovered);
  draw();
});
list.addEventListener("pointerleave", () => {
  view.hovered = null;
  if (view.chosen !== null) tellAll(view.chosen);
  fill();
});
list.addEventListener("click", (event) => {
  const row = event.target.closest?.(".row")?.dataset.row;
  if (row !== undefined) choose(Number(row));
});
