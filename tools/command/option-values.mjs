/**
 * Reads an option that names some of what is known, or throws an error that says what is not.
 *
 * @param {string} option as typed
 * @param {string} text names with commas, or "all"
 * @param {readonly string[]} known
 * @returns {readonly string[]}
 */
export function chosen(option, text, known) {
  const words = text === "all" ? known : text.split(",");
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    throw new Error(`${option} "${unknown}": known are ${known.join(", ")}, all.`);
  }
  return words;
}

/**
 * Reads an option that is a whole number within bounds, or throws an error that says them.
 *
 * @param {string} option as typed
 * @param {string} text
 * @param {number} least
 * @param {number} most
 * @returns {number}
 */
export function wholeNumber(option, text, least, most) {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new Error(`${option} "${text}" is not a whole number from ${least} to ${most}.`);
  }
  return number;
}
