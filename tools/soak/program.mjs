import { ownAssignment } from "./assignment.mjs";
import { PartRun } from "./part-run.mjs";
import { doings } from "./parts.mjs";

/** @import { News, Outcome } from "./assignment.mjs" */

const assignment = ownAssignment();
const stop = new AbortController();
const run = new PartRun(assignment, stop.signal, (text) => say({ type: "progress", text }));

process.once("SIGTERM", () => stop.abort(new Error("Stopped before it was done.")));
// Whoever started this is gone, so nobody waits for the outcome any more.
process.once("disconnect", () => process.exit(1));
for (const name of /** @type {const} */ (["unhandledRejection", "uncaughtException"])) {
  process.on(name, (/** @type {unknown} */ error) => {
    console.error(name, error);
    run.problems.push(`${name}: ${shown(error)}`);
  });
}

await end(await outcome());

/** @returns {Promise<Outcome | undefined>} `undefined` when it was stopped */
async function outcome() {
  /** @type {Outcome["figures"]} */
  let figures = {};
  try {
    figures = await doings[assignment.part](run);
  } catch (error) {
    console.error(error);
    run.problems.push(shown(error));
  }
  // What is closed must not leave anything unhandled either.
  try {
    await run.close();
  } catch (error) {
    run.problems.push(`close() rejected: ${shown(error)}`);
  }
  return stop.signal.aborted ? undefined : { figures, problems: run.problems };
}

/** @param {Outcome | undefined} result */
async function end(result) {
  if (result !== undefined) {
    await new Promise((resolve) => process.send?.({ type: "outcome", outcome: result }, resolve));
  }
  process.removeAllListeners("disconnect");
  process.disconnect();
}

/** @param {News} news */
function say(news) {
  process.send?.(news);
}

/** @param {unknown} error */
function shown(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : `a thrown ${typeof error}`;
}
