// Filter, order and details of the table, on a page that can be read without them.
// What the reader has chosen is in the form, and in the fragment of the address, to be kept and passed on.
"use strict";
(() => {
  const AT_FIRST = 500; // rows shown until more are asked for, as in page.css: more are laid out with a pause only
  const FIELDS = ["text", "environment", "state", "concern", "sort"];

  const form = document.getElementById("filters");
  const more = document.getElementById("more");
  const table = document.getElementById("fleet");
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows, (row) => ({
    row,
    instance: row.cells[0].firstElementChild.textContent,
    environment: row.cells[1].textContent,
    state: row.dataset.state,
    concerns: row.dataset.concerns.split(" "),
    text: row.textContent.toLowerCase(),
    details: null, // made when they are first opened
  }));
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

  let open = new Set(); // the instances whose details are shown
  let limit = AT_FIRST;

  // --- what is chosen --------------------------------------------------------------------------------------------

  function chosen(name) {
    return form.elements[name].value;
  }

  function choose(name, value) {
    const field = form.elements[name];
    field.value = value;
    if (field.selectedIndex === -1) field.selectedIndex = 0; // an address may ask for what there is not
  }

  function read() {
    const fragment = new URLSearchParams(location.hash.slice(1));
    FIELDS.forEach((name) => choose(name, fragment.get(name) ?? ""));
    open = new Set(fragment.getAll("open"));
  }

  function write() {
    const fragment = new URLSearchParams(FIELDS.map((name) => [name, chosen(name)]).filter(([, value]) => value));
    open.forEach((instance) => fragment.append("open", instance));
    history.replaceState(null, "", `#${fragment}`);
  }

  // --- which rows, and in which order ----------------------------------------------------------------------------

  function matching() {
    const words = chosen("text").toLowerCase().split(/\s+/);
    const [environment, state, concern] = ["environment", "state", "concern"].map(chosen);
    return rows.filter(
      (entry) =>
        words.every((word) => entry.text.includes(word)) &&
        (!environment || entry.environment === environment) &&
        (!state || entry.state === state) &&
        (!concern || entry.concerns.includes(concern)),
    );
  }

  // The order is the number of a column, counted from 1, and negative for the other direction; none is the page's own.
  function inOrder(entries) {
    const order = Number(chosen("sort"));
    if (!order) return entries;
    const value = ({ row }) => {
      const cell = row.cells[Math.abs(order) - 1];
      return cell.dataset.sort ?? cell.textContent;
    };
    const keyed = entries.map((entry) => [value(entry), entry]);
    // What has no value comes last in both directions.
    keyed.sort(([a], [b]) => (a === "") - (b === "") || Math.sign(order) * compare(a, b));
    return keyed.map(([, entry]) => entry);
  }

  // --- details ---------------------------------------------------------------------------------------------------

  // Their text is part of the page, escaped where it was written: see the beginning of html.py.
  function build(entry) {
    const row = document.createElement("tr");
    const cell = row.insertCell();
    row.className = "details";
    row.id = `d-${entry.row.dataset.index}`;
    cell.colSpan = heads.length;
    cell.innerHTML = document.querySelector(`#i-${entry.row.dataset.index} noscript`).textContent;
    return row;
  }

  function opened(entry) {
    const isOpen = open.has(entry.instance);
    entry.row.cells[0].firstElementChild.setAttribute("aria-expanded", isOpen);
    if (isOpen) entry.details ??= build(entry);
    return isOpen ? [entry.details] : [];
  }

  function toggle(entry) {
    if (!open.delete(entry.instance)) open.add(entry.instance);
    const details = opened(entry);
    if (details.length) entry.row.after(...details);
    else entry.details.remove();
    write();
  }

  // --- the page --------------------------------------------------------------------------------------------------

  function show() {
    const found = inOrder(matching());
    const shown = found.slice(0, limit);
    body.replaceChildren(...shown.flatMap((entry) => [entry.row, ...opened(entry)]));
    more.hidden = shown.length === found.length;
    document.getElementById("shown").textContent = told(shown.length, found.length);
    markOrder(Number(chosen("sort")));
  }

  function told(shown, found) {
    const [first, some, all] = [shown, found, rows.length].map((count) => count.toLocaleString("en"));
    const terms = FIELDS.filter((name) => name !== "sort" && chosen(name)).map(term);
    return (
      (terms.length ? `${some} of ${all} instances (${terms.join("; ")})` : `All instances: ${all}`) +
      (shown < found ? `, the first ${first} shown` : "")
    );
  }

  function term(name) {
    const field = form.elements[name];
    const value = field.selectedOptions ? field.selectedOptions[0].text : field.value;
    return `${field.labels[0].firstChild.textContent.trim()}: ${value}`;
  }

  function markOrder(order) {
    heads.forEach((head, index) => {
      if (Math.abs(order) !== index + 1) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", order > 0 ? "ascending" : "descending");
    });
  }

  function update() {
    limit = AT_FIRST;
    write();
    show();
  }

  // Somebody has followed a link within the page, or altered the address.
  function follow() {
    const linked = /^#i-(\d+)$/.exec(location.hash);
    read();
    limit = AT_FIRST;
    const entry = linked && rows[linked[1]];
    if (entry) {
      open.add(entry.instance);
      limit = Math.max(limit, Number(linked[1]) + 1);
    }
    show();
    if (entry) entry.row.cells[0].firstElementChild.focus();
    else if (location.hash) document.getElementById("instances").scrollIntoView();
  }

  // --- what is made once -----------------------------------------------------------------------------------------

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  function prepareRow(entry) {
    const opener = button(entry.instance, () => toggle(entry));
    opener.className = "opener";
    entry.row.cells[0].firstElementChild.replaceWith(opener);
  }

  function prepareHead(head, index) {
    const column = String(index + 1);
    const sort = () => {
      choose("sort", chosen("sort") === column ? `-${column}` : column);
      update();
    };
    head.replaceChildren(button(head.textContent, sort));
  }

  // The numbers above the table lead to the instances that they count.
  function prepareNumber(number) {
    const link = document.createElement("a");
    link.href = `#${number.dataset.go}`;
    number.replaceWith(link);
    link.append(number);
  }

  function prepareForm() {
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      FIELDS.forEach((name) => choose(name, ""));
      open.clear();
      update();
    });
    document.getElementById("unfold").addEventListener("click", () => {
      inOrder(matching()).slice(0, limit).forEach((entry) => open.add(entry.instance));
      write();
      show();
    });
    form.hidden = false;
  }

  rows.forEach(prepareRow);
  heads.forEach(prepareHead);
  document.querySelectorAll("[data-go]").forEach(prepareNumber);
  prepareForm();
  more.append(button("Show all of them", () => { limit = Infinity; show(); }));
  document.getElementById("details").hidden = true;
  addEventListener("hashchange", follow);
  follow();
  table.className = "ready";
})();
