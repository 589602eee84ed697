import { picturedResults, throughputBars } from "./bars.ts";
import type { CaseResult } from "./case.ts";

const rowHeight = 22;
const labelWidth = 110;
const barWidth = 520;
const textWidth = 170;
const headHeight = 34;

/** Colours that can be told apart in print and by those who see red and green alike. */
const colours: Readonly<Record<string, string>> = { expert: "#4477aa", "quick-start": "#bbbbbb", bus: "#ee6677" };
const otherColour = "#ccbb44";

/** Draws the end-to-end results, each broker and level with bars of its own, the fastest of each at full length. */
export function svgOf(results: readonly CaseResult[]): string {
  const parts: string[] = [];
  let y = 0;
  for (const result of picturedResults(results)) {
    parts.push(text(0, y + headHeight - 10, `${result.case.on}, ${result.case.delivery}`, "font-weight='bold'"));
    y += headHeight;
    const bars = throughputBars(result);
    const greatest = Math.max(...bars.map(({ value }) => value));
    for (const { label, value, text: words } of bars) {
      const length = Math.max(1, (value / greatest) * barWidth);
      const colour = colours[label] ?? otherColour;
      parts.push(
        text(0, y + rowHeight - 7, label),
        `<rect x="${labelWidth}" y="${y + 2}" width="${length.toFixed(1)}" height="${rowHeight - 5}" fill="${colour}"/>`,
        text(labelWidth + length + 6, y + rowHeight - 7, words),
      );
      y += rowHeight;
    }
  }
  const width = labelWidth + barWidth + textWidth;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 8}" viewBox="0 0 ${width} ${y + 8}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function text(x: number, y: number, words: string, more: string = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y}" fill="#222222" ${more}>${escaped(words)}</text>`.replace(" >", ">");
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
