/**
 * Lays out rows of text in columns, the first flush left, the others flush right, with a line under the first row.
 *
 * @param {readonly (readonly string[])[]} rows all of the same length
 * @returns {string}
 */
export function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("   "),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("   ");
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
