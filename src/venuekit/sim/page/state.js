// What the page knows, and what of it is shown.
const $ = (id) => document.getElementById(id);
const run = JSON.parse($("data").textContent);
const { time: T, host: H, lane: L, kind: K, text: X, detail: D, link: A } = run.marks;
const LANES = run.lanes;
const WORLD = LANES.indexOf("world");
const END = Math.max(run.verdict.seconds, T.length ? T[T.length - 1] : 0, 0.001);
const answers = new Map(); // mark → the marks that answer it
A.forEach((from, mark) => { if (from >= 0) answers.has(from) ? answers.get(from).push(mark) : answers.set(from, [mark]); });

const view = {
  words: "", order: "", lanes: LANES.map(() => true),
  rows: [], times: [], // a row is a mark's number, or ~n for specials[n]
  specials: [], chosen: null, hovered: null, // rows are known by the mark's number or by ~n
  from: 0, to: END, // what the strip shows
};

// --- words for numbers

const seconds = (time) => `${time.toFixed(3)}`;
const span = (time) =>
  time < 0.0005 ? "0 ms" : time < 1 ? `${(time * 1000).toFixed(time < 0.01 ? 1 : 0)} ms`
    : time < 120 ? `${time.toFixed(time < 10 ? 2 : 1)} s` : `${(time / 60).toFixed(1)} min`;
const counted = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made[key] = value;
    else if (key === "lane") made.style.setProperty("--lane", `var(--${value})`);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// --- which marks pass

const guessed = new Set(run.marks.guess);
const known = new Set(run.orders.map((order) => order.name));
function namesAnOrder(mark) {
  for (const text of [X[mark], D[mark]]) for (const found of text.matchAll(/[A-Za-z0-9_-]{10,}/g)) if (known.has(found[0])) return true;
  return false;
}

let haystack = null;
function texts() {
  haystack ??= X.map((text, mark) =>
    `${run.kinds[K[mark]]} ${run.hosts[H[mark]]} ${LANES[L[mark]]} ${text} ${D[mark]}`.toLowerCase());
  return haystack;
}

function wanted(words) {
  // Words, "several as they stand", and both with a minus in front.
  const found = [...words.toLowerCase().matchAll(/(-?)(?:"([^"]*)"?|(\S+))/g)];
  return found.map(([, minus, quoted, plain]) => [quoted ?? plain, minus !== "-"]).filter(([word]) => word);
}

function passing() {
  const terms = wanted(view.words);
  const name = view.order && view.order !== "any" ? run.orders[Number(view.order)].name.toLowerCase() : null;
  const every = terms.length || name ? texts() : null;
  let inOrder = null;
  if (view.order) {
    inOrder = new Uint8Array(T.length);
    const isNamed = (mark) => (name ? every[mark].includes(name) : namesAnOrder(mark));
    for (let mark = 0; mark < T.length; mark++) {
      if (L[mark] === WORLD || !isNamed(mark)) continue;
      inOrder[mark] = 1;
      if (A[mark] >= 0) inOrder[A[mark]] = 1;
      // An answer need not repeat whom it is about.
      for (const answer of answers.get(mark) ?? []) if (!guessed.has(answer)) inOrder[answer] = 1;
    }
    if (!name) L.forEach((lane, mark) => { if (lane === WORLD) inOrder[mark] = 1; });
  }
  const kept = [];
  for (let mark = 0; mark < T.length; mark++) {
    if (!view.lanes[L[mark]]) continue;
    if (inOrder && !inOrder[mark]) continue;
    if (terms.length && !terms.every(([word, isWanted]) => every[mark].includes(word) === isWanted)) continue;
    kept.push(mark);
  }
  return kept;
}

const PAUSE = 2; // seconds without a mark that are worth a row

function arrange() {
  const kept = passing();
  const broken = run.verdict.violations;
  view.specials = broken.map((_, number) => ({ kind: "violation", number, time: broken[number].time }));
  const rows = [], times = [];
  let last = null, next = 0;
  const add = (row, time) => {
    if (last !== null && time - last > PAUSE) {
      rows.push(~view.specials.length); times.push(last);
      view.specials.push({ kind: "pause", time: last, seconds: time - last });
    }
    rows.push(row); times.push(time); last = time;
  };
  for (const mark of kept) {
    while (next < broken.length && broken[next].time < T[mark]) add(~next, broken[next++].time);
    add(mark, T[mark]);
  }
  while (next < broken.length) add(~next, broken[next++].time);
  view.rows = rows; view.times = times; view.count = kept.length;
  view.rowOf = new Map(rows.map((row, place) => [row, place]));
}

// The first place in a rising list whose value is not below `value`.
function placeOf(list, value) {
  let low = 0, high = list.length;
  while (low < high) { const middle = (low + high) >> 1; if (list[middle] < value) low = middle + 1; else high = middle; }
  return low;
}

const isBad = (mark) => run.bad.includes(run.kinds[K[mark]]);
const timeOf = (row) => (row >= 0 ? T[row] : view.specials[~row].time);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
