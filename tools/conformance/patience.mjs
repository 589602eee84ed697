/**
 * By how much everything may take longer than usual, where many runs share a machine.
 *
 * @type {string}
 */
export const patienceVariable = "BUSBAR_TEST_PATIENCE";

/**
 * The usual bound, or a longer one where the machine is known to be busy.
 *
 * @param {number} usualMs
 * @returns {number}
 */
export function patient(usualMs) {
  return usualMs * Math.max(1, Number(process.env[patienceVariable]) || 1);
}
