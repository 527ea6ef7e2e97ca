// One mark in full, and the head of the page.

function withIds(text) { // an order's name in a text narrows the list to that order
  const names = new Map(run.orders.map((order, number) => [order.name, number]));
  if (!names.size) return [text];
  const pieces = [];
  let done = 0;
  for (const found of text.matchAll(/[A-Za-z0-9_-]+/g)) {
    const number = names.get(found[0]);
    if (number === undefined) continue;
    pieces.push(text.slice(done, found.index), element("span", { class: "id", title: "only this order", onclick: () => narrow(number) }, found[0]));
    done = found.index + found[0].length;
  }
  pieces.push(text.slice(done));
  return pieces;
}

function pretty(detail) { // JSON with its parts in colour; everything else as it stands
  let value;
  try { value = JSON.parse(detail); } catch { return element("pre", {}, ...withIds(detail)); }
  if (typeof value !== "object" || value === null) return element("pre", {}, ...withIds(detail));
  const box = element("pre", { class: "json" });
  const text = JSON.stringify(value, null, 2).replace(/\[\s+((?:"[^"]*"|[\d.]+),?\s*){1,4}\]/g, (short) => short.replace(/\s+/g, " "));
  let done = 0;
  for (const found of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g)) {
    const kind = found[1] ? "key" : found[0][0] === '"' ? "string" : /[tfn]/.test(found[0][0]) ? "word" : "number";
    box.append(text.slice(done, found.index), element("span", { class: kind }, ...withIds(found[0])));
    done = found.index + found[0].length;
  }
  box.append(text.slice(done));
  return box;
}

function pathTo(mark) {
  const name = `${run.kinds[K[mark]].replaceAll("_", " ")} ${X[mark]}`;
  return element("button", { class: "go", type: "button", lane: LANES[L[mark]], title: name, onclick: () => reveal(mark) },
    element("time", {}, seconds(T[mark])), element("span", {}, name));
}

function reveal(mark) { // whatever the filter says
  if (!view.rowOf.has(mark)) clear();
  choose(mark);
}

function tellAll(row) {
  const panel = $("panel");
  if (row < 0) {
    const broken = run.verdict.violations[view.specials[~row].number];
    panel.replaceChildren(
      element("div", { class: "lead", lane: "bad" }, element("span", { class: "dot" }), element("b", {}, `violation of ${broken.invariant}`), element("time", {}, `${seconds(broken.time)} s`)),
      element("div", { class: "text" }, ...withIds(broken.text)), ...during(broken.time));
    return;
  }
  const before = A[row] >= 0 ? T[row] - T[A[row]] : null;
  const parts = [
    element("div", { class: "lead", lane: isBad(row) ? "bad" : LANES[L[row]] }, element("span", { class: "dot" }),
      element("b", {}, run.kinds[K[row]].replaceAll("_", " ")), element("span", { class: "note" }, [LANES[L[row]], run.hosts[H[row]]].filter(Boolean).join(" · "))),
    element("time", {}, `${T[row].toFixed(6)} s${before === null ? "" : `, ${span(before)} after what it ${guessed.has(row) ? "seems to follow" : "answers"}`}`),
    element("div", { class: "text" }, ...withIds(/^[[{]/.test(D[row]) ? X[row].split(/[[{]/)[0] : X[row])),
  ];
  if (D[row]) parts.push(pretty(D[row]));
  const back = [];
  for (let mark = A[row]; mark >= 0 && back.length < 12; mark = A[mark]) back.push(mark);
  if (back.length) parts.push(element("h3", {}, guessed.has(row) ? "seems to follow" : "answers"), ...back.map(pathTo));
  const on = answers.get(row) ?? [];
  if (on.length) parts.push(element("h3", {}, "led to"), ...on.slice(0, 12).map(pathTo));
  if (on.length > 12) parts.push(element("div", { class: "note" }, `and ${on.length - 12} more`));
  panel.replaceChildren(...parts, ...during(T[row]));
}

function during(time) {
  const bands = run.bands.filter((band) => band.from <= time && time <= band.to);
  const last = run.bands.filter((band) => band.to < time).sort((one, other) => other.to - one.to).slice(0, 3);
  const line = (band) => element("button", { class: "go", type: "button", lane: band.colour, title: band.text, onclick: () => chooseAt(band.from) },
    element("time", {}, seconds(band.from)), element("span", {}, band.text));
  const parts = [];
  if (bands.length) parts.push(element("h3", {}, "goes wrong just now"), ...bands.map(line));
  if (last.length) parts.push(element("h3", {}, "went wrong before"), ...last.map(line));
  return parts;
}

// --- the head

function rowsOf(pairs) { return pairs.map(([name, value]) => element("tr", {}, element("td", {}, name), element("td", {}, value))); }

function head() {
  const broken = run.verdict.violations;
  const names = [...new Set(broken.map((one) => one.invariant))];
  $("title").replaceChildren(`Seed ${run.seed} `, broken.length
    ? element("span", { class: "bad" }, `broke ${names.join(", ")} after ${broken[0].time.toFixed(1)} s`)
    : element("span", { class: "good" }, "broke nothing"));
  $("facts").textContent = [...run.words, `${span(END)} simulated`, counted(T.length, "mark")].join(" · ");
  $("violations").replaceChildren(...broken.map((one, number) => element("li", {},
    element("button", { type: "button", onclick: () => toViolation(number) }, element("b", {}, one.invariant), element("time", {}, `${seconds(one.time)} s`), element("span", {}, one.text)))));
  $("violations").hidden = !broken.length;
  $("to-violation").hidden = !broken.length;
  $("replay").textContent = run.replay;
  const table = (title, rows, kind = "") => element("div", { class: kind }, element("h2", {}, title), element("table", {}, ...rows));
  const plan = run.bands.map((band) => {
    const row = element("tr", { "data-at": band.from, onclick: () => chooseAt(band.from) },
      element("td", { class: "number" }, `${seconds(band.from)} s`), element("td", { class: "number" }, band.to > band.from ? span(band.to - band.from) : ""), element("td", {}, band.text));
    return row;
  });
  $("run").replaceChildren(
    table("option set", rowsOf(run.options)), table("figures", rowsOf(run.figures)), table("what went wrong, and how often", rowsOf(run.fired)),
    table(`plan: ${counted(run.bands.length, "disturbance")}`, plan, "plan"),
    element("div", { class: "plan note facts" }, `digest of the trace: ${run.verdict.digest}`));
}

function tools() {
  $("order").replaceChildren(element("option", { value: "" }, run.orders.length ? "all marks" : "no orders"),
    element("option", { value: "any" }, `marks about ${counted(run.orders.length, "order")}`),
    ...run.orders.map((order, number) => element("option", { value: number }, `${order.name} (${order.count})`)));
  $("order").disabled = !run.orders.length;
  const counts = LANES.map(() => 0);
  for (const lane of L) counts[lane]++;
  $("lanes").replaceChildren(...LANES.map((name, lane) => element("button",
    { type: "button", lane: name, "aria-pressed": view.lanes[lane], title: `${name}: key ${lane + 1}`, onclick: (event) => toggle(lane, event.shiftKey) },
    element("i"), name, element("small", {}, counts[lane].toLocaleString("en")))));
}
