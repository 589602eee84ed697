/** One sentence of all problems; advice that ends as a question keeps its mark. */
export function sentenceOf(problems: readonly string[]): string {
  const text = problems.join("; ");
  return text.endsWith("?") ? text : `${text}.`;
}
