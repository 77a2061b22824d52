"use strict";
// Makes every table sortable by any column: up, down, and back to the order of the report.
(() => {
  const ORDERS = ["none", "ascending", "descending"];
  const collator = new Intl.Collator(undefined, { numeric: true });

  const value = (row, column, numeric) => {
    const cell = row.cells[column];
    if (!numeric) return cell.textContent.trim();
    return cell.dataset.key === undefined ? null : Number(cell.dataset.key);
  };

  // What has no number comes last, whichever way the others go.
  const comparison = (column, numeric, sign) => (one, other) => {
    const a = value(one, column, numeric);
    const b = value(other, column, numeric);
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (numeric ? a - b : collator.compare(a, b));
  };

  const sort = (table, original, column) => {
    const heads = [...table.tHead.rows[0].cells];
    const head = heads[column];
    const now = head.getAttribute("aria-sort") ?? "none";
    const order = ORDERS[(ORDERS.indexOf(now) + 1) % ORDERS.length];
    heads.forEach((each) => each.removeAttribute("aria-sort"));
    const rows = [...original];
    if (order !== "none") {
      head.setAttribute("aria-sort", order);
      rows.sort(comparison(column, head.classList.contains("number"), order === "ascending" ? 1 : -1));
    }
    table.tBodies[0].append(...rows);
  };

  for (const table of document.querySelectorAll("table")) {
    const original = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells];
    // Where the first column has no name, rows are unlike things, which have no order.
    if (original.length < 2 || !heads[0].textContent.trim()) continue;
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, original, column));
      head.append(button);
    });
  }
})();
