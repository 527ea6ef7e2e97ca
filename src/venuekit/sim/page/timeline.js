// What clicks and keys do, and where the page begins.
let timer = null, violation = -1;

function refresh() { // keep what was chosen in sight, as far as it still passes
  const place = view.chosen === null ? null : view.rowOf?.get(view.chosen);
  const offset = place === null || place === undefined ? null : place * HEIGHT - list.scrollTop;
  const time = view.sight && view.times.length ? view.times[view.sight.first] : 0;
  arrange();
  if (view.chosen !== null && view.rowOf.has(view.chosen)) {
    const kept = offset !== null && offset >= 0 && offset < list.clientHeight ? offset : list.clientHeight / 2;
    sheet.style.height = `${view.rows.length * HEIGHT + 40}px`;
    list.scrollTop = Math.max(0, view.rowOf.get(view.chosen) * HEIGHT - kept);
  } else {
    sheet.style.height = `${view.rows.length * HEIGHT + 40}px`;
    list.scrollTop = placeOf(view.times, time) * HEIGHT;
  }
  layOut();
}
function toggle(lane, isAlone) {
  const isOnly = view.lanes.every((isOn, other) => isOn === (other === lane));
  if (isAlone) view.lanes = view.lanes.map((_, other) => isOnly || other === lane);
  else view.lanes[lane] = !view.lanes[lane];
  tools(); $("order").value = view.order; refresh();
}
function narrow(number) { view.order = String(number); $("order").value = view.order; refresh(); }
function clear() {
  view.words = ""; view.order = ""; view.lanes = LANES.map(() => true);
  $("filter").value = ""; tools(); refresh();
}
function toViolation(number) {
  violation = number;
  const time = run.verdict.violations[number].time;
  show(time - Math.min(12, END), time + Math.min(3, END));
  choose(~number, { isCentred: true });
}
function toggleRun() { const isHidden = ($("run").hidden = !$("run").hidden); $("run-button").setAttribute("aria-expanded", !isHidden); requestAnimationFrame(fill); }
function toggleTheme() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  fill();
}
async function copy() {
  const text = $("replay").textContent;
  try { await navigator.clipboard.writeText(text); } catch { // a page from a file may have no clipboard
    const range = document.createRange(); range.selectNodeContents($("replay"));
    getSelection().removeAllRanges(); getSelection().addRange(range); document.execCommand("copy");
  }
  $("copy").textContent = "copied"; setTimeout(() => { $("copy").textContent = "copy"; }, 1200);
}

const KEYS = {
  ArrowDown: () => step(1), j: () => step(1), ArrowUp: () => step(-1), k: () => step(-1),
  ArrowLeft: () => view.chosen >= 0 && A[view.chosen] >= 0 && reveal(A[view.chosen]),
  ArrowRight: () => view.chosen >= 0 && answers.has(view.chosen) && reveal(answers.get(view.chosen)[0]),
  n: () => step(1, (row) => row >= 0 && L[row] === L[view.chosen ?? row]), p: () => step(-1, (row) => row >= 0 && L[row] === L[view.chosen ?? row]),
  f: () => step(1, (row) => row >= 0 && L[row] === WORLD), F: () => step(-1, (row) => row >= 0 && L[row] === WORLD),
  v: () => run.verdict.violations.length && toViolation((violation + 1) % run.verdict.violations.length),
  PageDown: () => { list.scrollTop += list.clientHeight - 3 * HEIGHT; }, PageUp: () => { list.scrollTop -= list.clientHeight - 3 * HEIGHT; },
  Home: () => { if (view.rows.length) choose(view.rows[0]); }, End: () => { if (view.rows.length) choose(view.rows[view.rows.length - 1]); },
  "+": () => zoom(0.6, focus()), "=": () => zoom(0.6, focus()), "-": () => zoom(1 / 0.6, focus()), 0: () => show(0, END),
  o: toggleRun, d: toggleTheme, c: copy, "?": () => $("help").showModal(), "/": () => { $("filter").focus(); $("filter").select(); },
};
const focus = () => (view.chosen === null ? (view.from + view.to) / 2 : Math.min(view.to, Math.max(view.from, timeOf(view.chosen))));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (event.key === "Escape") { clear(); list.focus(); return; }
  if (event.target.closest("input, select")) { if (event.key === "Enter" || (event.key === "ArrowDown" && event.target.id === "filter")) { event.preventDefault(); list.focus(); step(1); } return; }
  const lane = event.code.startsWith("Digit") ? Number(event.code.slice(5)) - 1 : -1;
  const act = lane >= 0 && lane < LANES.length ? () => toggle(lane, event.shiftKey) : KEYS[event.key];
  if (!act || (event.target.closest("button") && ["Enter", " "].includes(event.key))) return;
  event.preventDefault();
  act();
});
$("filter").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { view.words = $("filter").value; refresh(); }, 120); });
$("order").addEventListener("change", () => { view.order = $("order").value; refresh(); });
$("clear").onclick = clear;
$("to-violation").onclick = () => toViolation((violation + 1) % run.verdict.violations.length);
$("run-button").onclick = toggleRun;
$("theme").onclick = toggleTheme;
$("help-button").onclick = () => $("help").showModal();
$("copy").onclick = copy;
addEventListener("resize", layOut);
const night = matchMedia("(prefers-color-scheme: dark)");
const followNight = () => { document.documentElement.dataset.theme = night.matches ? "dark" : "light"; fill(); };

function begin() {
  document.documentElement.dataset.theme = night.matches ? "dark" : "light";
  head(); tools(); layOut(); paint();
  night.addEventListener("change", followNight);
  const named = /^#(mark|violation)-(\d+)$/.exec(location.hash);
  if (named && named[1] === "mark" && Number(named[2]) <= T.length) { show(T[named[2] - 1] - 6, T[named[2] - 1] + 6); choose(named[2] - 1, { isCentred: true }); }
  else if (run.verdict.violations.length) toViolation(Math.min(run.verdict.violations.length, named ? Number(named[2]) : 1) - 1);
  else if (view.rows.length) { show(0, END); choose(view.rows[0]); }
  else $("panel").replaceChildren(element("p", { class: "note" }, "This run left no marks."));
  list.focus();
}
begin();
