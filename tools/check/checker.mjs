/**
 * Something wrong that a checker found.
 *
 * @typedef {object} Fault
 * @property {string} rule the name under which the checker knows it
 * @property {string} [where] a path from the root, with a line where there is one
 * @property {string} what
 */

/**
 * What a checker looked at and found.
 *
 * @typedef {object} Finding
 * @property {string} seen how much it looked at, since none of them complains about having seen nothing
 * @property {readonly Fault[]} faults
 */

/**
 * One kind of check.
 *
 * @typedef {object} Checker
 * @property {string} name as on the command line
 * @property {string} about one line for the help
 * @property {() => Promise<Finding>} run rejects when it could not look
 */

/** Says that a checker could not do its work, which is a fault as well. */
export class CheckerError extends Error {
  /**
   * @param {string} message
   * @param {string} [output] what the program behind it printed
   */
  constructor(message, output = "") {
    super(output.trim() === "" ? message : `${message}\n${output.trim().split("\n").slice(-15).join("\n")}`);
    this.name = "CheckerError";
  }
}
