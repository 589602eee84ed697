/** One bar, with what it is of. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
}

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Draws bars of text, one below the other; the longest is `width` characters long. */
export function chart(bars: readonly Bar[], width: number = 50): string {
  const greatest = Math.max(...bars.map(({ value }) => value));
  const labelWidth = Math.max(...bars.map(({ label }) => label.length));
  return bars
    .map(({ label, value, text }) => `${label.padEnd(labelWidth)}  ${bar((value / greatest) * width)} ${text}`)
    .join("\n");
}

function bar(length: number): string {
  const whole = Math.floor(length);
  return `${"█".repeat(whole)}${eighths[Math.floor((length - whole) * 8)] ?? ""}`;
}
