import { backlog } from "./parts/backlog.mjs";
import { bodies } from "./parts/bodies.mjs";
import { flow } from "./parts/flow.mjs";
import { handlers } from "./parts/handlers.mjs";
import { hostile } from "./parts/hostile.mjs";
import { keys } from "./parts/keys.mjs";
import { subscriptions } from "./parts/subscriptions.mjs";

/** @import { Outcome } from "./assignment.mjs" */
/** @import { PartRun } from "./part-run.mjs" */
/** @import { PartName } from "./part-names.mjs" */

/**
 * What does each part, by its name. What is wrong it notes in the run.
 *
 * @type {Readonly<Record<PartName, (run: PartRun) => Promise<Outcome["figures"]>>>}
 */
export const doings = { flow, backlog, bodies, subscriptions, keys, hostile, handlers };
