import { messageOf } from "../brokers/thrown.mjs";

/**
 * Carries out what was typed behind the command, and leaves the exit code: that of the work; 0 after help was asked for and printed; 2 after
 * something was not understood, which is said, with how the command is used.
 *
 * @template Order
 * @param {object} command
 * @param {string} command.help what `--help` prints
 * @param {(args: readonly string[]) => Order} command.parseOrder throws an error that says what it does not understand
 * @param {(order: Order) => boolean} command.isHelp whether this order only asks how the command is used
 * @param {(order: Order) => Promise<number>} command.carryOut resolves with the exit code
 */
export async function runCommand({ help, parseOrder, isHelp, carryOut }) {
  /** @type {Order} */
  let order;
  try {
    order = parseOrder(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${help}`);
    process.exitCode = 2;
    return;
  }
  if (isHelp(order)) {
    process.stdout.write(help);
  } else {
    process.exitCode = await carryOut(order);
  }
}
