// Shows the rows that match what is chosen above the table, and their number.
(() => {
  const field = (name) => document.getElementById(name);
  const table = field("tools");
  if (!table) return;
  const UNMEASURED = ["failed", "missing"];
  const kinds = {
    right: (standing) => ![...UNMEASURED, "wrong"].includes(standing),
    unmeasured: (standing) => UNMEASURED.includes(standing),
  };
  const stands = (row, wanted) =>
    !wanted || (kinds[wanted] ?? ((standing) => standing === wanted))(row.dataset.standing);

  const show = () => {
    const words = field("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) => {
      const text = row.textContent.toLowerCase();
      return (
        ["task", "tool"].every((name) => !field(name).value || row.dataset[name] === field(name).value) &&
        stands(row, field("standing").value) &&
        words.every((word) => text.includes(word))
      );
    };
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) row.hidden = !fits(row);
    field("count").value = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  };

  // Paper can't be clicked: what is folded is printed open, and folded again afterwards.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
  });

  field("filter").addEventListener("input", show);
  field("filter").addEventListener("submit", (event) => event.preventDefault());
})();
