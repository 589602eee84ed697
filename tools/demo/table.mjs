/**
 * Lays out rows of text in columns, with a line under the first row.
 *
 * @param {readonly (readonly string[])[]} rows all of the same length
 * @param {number} [flushLeft] how many columns are flush left; the others are flush right
 * @returns {string}
 */
export function table(rows, flushLeft = 1) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column < flushLeft ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("   ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("   ");
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
