/**
 * Returns the page with what stands between the marks of the command replaced; throws when the page has lost its marks.
 *
 * @param {string} path for the error
 * @param {string} page
 * @param {string} command that writes the part
 * @param {string} part
 * @returns {string}
 */
export function withMarkedPart(path, page, command, part) {
  const begin = `<!-- written by ${command}: begin -->`;
  const end = `<!-- written by ${command}: end -->`;
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`${path} has lost its marks: ${begin} and ${end}`);
  }
  return `${before}${begin}\n\n${part}\n\n${end}${after}`;
}
