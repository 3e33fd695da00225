// Filter, sort and details of the table, on a page that can be read without them.
// What the reader has chosen is in the fragment of the address, so that it can be kept and passed on.
"use strict";
(() => {
  const AT_FIRST = 500; // rows shown until more are asked for: a browser lays out no more at once without a pause
  const FILTERS = ["text", "environment", "state", "concern"];
  const table = document.getElementById("fleet");
  const body = table.tBodies[0];
  const form = document.getElementById("filters");
  const more = document.getElementById("more");
  const compared = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

  const rows = Array.from(body.rows, (row) => ({
    row,
    instance: row.cells[0].firstElementChild.textContent,
    environment: row.cells[1].textContent,
    state: row.dataset.state,
    concerns: row.dataset.concerns.split(" "),
    text: row.textContent.toLowerCase(),
    details: null,
  }));
  const heads = Array.from(table.tHead.rows[0].cells);

  let chosen = read();
  let limit = AT_FIRST;

  // --- what is chosen --------------------------------------------------------------------------------------------

  function read() {
    const fragment = new URLSearchParams(location.hash.slice(1));
    const choice = { sort: Number(fragment.get("sort")) || 0, open: new Set(fragment.getAll("open")) };
    for (const name of FILTERS) choice[name] = fragment.get(name) || "";
    const linked = /^#i-(\d+)$/.exec(location.hash); // as the page links to details without a script
    if (linked && rows[linked[1]]) choice.open.add(rows[linked[1]].instance);
    return choice;
  }

  function write() {
    const fragment = new URLSearchParams();
    for (const name of FILTERS) if (chosen[name]) fragment.set(name, chosen[name]);
    if (chosen.sort) fragment.set("sort", chosen.sort);
    for (const instance of chosen.open) fragment.append("open", instance);
    history.replaceState(null, "", `#${fragment}`);
  }

  function matches(entry) {
    return (
      chosen.text.toLowerCase().split(/\s+/).every((word) => entry.text.includes(word)) &&
      (!chosen.environment || entry.environment === chosen.environment) &&
      (!chosen.state || entry.state === chosen.state) &&
      (!chosen.concern || entry.concerns.includes(chosen.concern))
    );
  }

  // --- order -----------------------------------------------------------------------------------------------------

  // chosen.sort is the number of a column, counted from 1, and negative for the other direction; 0 is the page's order.
  function inOrder(entries) {
    if (!chosen.sort) return entries;
    const column = Math.abs(chosen.sort) - 1;
    const direction = Math.sign(chosen.sort);
    const key = ({ row }) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
    const keyed = entries.map((entry) => [key(entry), entry]);
    // What has no value comes last in both directions.
    keyed.sort(([a], [b]) => (a === "") - (b === "") || direction * compared(a, b));
    return keyed.map(([, entry]) => entry);
  }

  function markOrder() {
    heads.forEach((head, index) => {
      const sorted = Math.abs(chosen.sort) === index + 1;
      if (sorted) head.setAttribute("aria-sort", chosen.sort > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  }

  // --- details ---------------------------------------------------------------------------------------------------

  // The page's own text, already escaped: see the beginning of html.py.
  function build(entry) {
    const index = entry.row.dataset.index;
    const row = document.createElement("tr");
    const cell = row.insertCell();
    row.className = "details";
    row.id = `d-${index}`;
    cell.colSpan = heads.length;
    cell.innerHTML = document.querySelector(`#i-${index} noscript`).textContent;
    return row;
  }

  function detailsOf(entry) {
    const open = chosen.open.has(entry.instance);
    entry.row.cells[0].firstElementChild.setAttribute("aria-expanded", open);
    if (!open) return [];
    entry.details ??= build(entry);
    return [entry.details];
  }

  function toggle(entry) {
    if (!chosen.open.delete(entry.instance)) chosen.open.add(entry.instance);
    const details = detailsOf(entry);
    if (details.length) entry.row.after(...details);
    else entry.details.remove();
    write();
  }

  // --- the page --------------------------------------------------------------------------------------------------

  function show() {
    const matching = inOrder(rows.filter(matches));
    const shown = matching.slice(0, limit);
    body.replaceChildren(...shown.flatMap((entry) => [entry.row, ...detailsOf(entry)]));
    markOrder();
    tell(shown.length, matching.length);
  }

  function tell(shown, matching) {
    const number = (count) => count.toLocaleString("en");
    const all = rows.length === 1 ? "1 instance" : `${number(rows.length)} instances`;
    const told = matching === rows.length ? `All ${all}` : `${number(matching)} of ${all}`;
    const terms = Array.from(form.elements, describe).filter(Boolean);
    document.getElementById("shown").textContent =
      told + (terms.length ? ` (${terms.join("; ")})` : "") + (shown < matching ? `, the first ${number(shown)} shown` : "");
    more.hidden = shown === matching;
  }

  function describe(field) {
    if (!field.value || !FILTERS.includes(field.name)) return "";
    const value = field.selectedOptions ? field.selectedOptions[0].text : field.value;
    return `${field.labels[0].firstChild.textContent.trim()}: ${value}`;
  }

  function fill() {
    for (const name of FILTERS) form.elements[name].value = chosen[name];
  }

  function choose(changes) {
    Object.assign(chosen, changes);
    limit = AT_FIRST;
    write();
    fill();
    show();
  }

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  // --- once ------------------------------------------------------------------------------------------------------

  function prepareRows() {
    rows.forEach((entry) => {
      const link = entry.row.cells[0].firstElementChild;
      const opener = button(entry.instance, () => toggle(entry));
      opener.className = "opener";
      opener.setAttribute("aria-controls", `d-${entry.row.dataset.index}`);
      link.replaceWith(opener);
    });
  }

  function prepareHeads() {
    heads.forEach((head, index) => {
      const column = index + 1;
      const next = () => (chosen.sort === column ? -column : column);
      head.replaceChildren(button(head.textContent, () => choose({ sort: next() })));
    });
  }

  // Numbers of the summary lead to their instances; an empty choice of the others, so that the numbers agree.
  function prepareNumbers() {
    for (const number of document.querySelectorAll("[data-go]")) {
      const link = document.createElement("a");
      link.href = `#${number.dataset.go}`;
      link.addEventListener("click", () => document.getElementById("instances").scrollIntoView());
      number.replaceWith(link);
      link.append(number);
    }
  }

  function prepareForm() {
    form.addEventListener("input", () => choose(Object.fromEntries(FILTERS.map((name) => [name, form.elements[name].value]))));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      choose({ ...Object.fromEntries(FILTERS.map((name) => [name, ""])), sort: 0, open: new Set() });
    });
    document.getElementById("unfold").addEventListener("click", () => {
      for (const { row } of rows.filter(matches).slice(0, limit)) chosen.open.add(rows[row.dataset.index].instance);
      choose({});
    });
    form.hidden = false;
  }

  prepareRows();
  prepareHeads();
  prepareNumbers();
  prepareForm();
  more.append(button("Show all of them", () => { limit = Infinity; show(); }));
  document.getElementById("details").hidden = true;
  addEventListener("hashchange", () => { chosen = read(); limit = AT_FIRST; fill(); show(); });
  fill();
  show();
})();
