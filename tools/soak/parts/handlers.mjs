import { badHandlers, badManualHandlers, endless } from "../bad-handlers.mjs";

/** @import { Bus } from "@busbar/core" */
/** @import { Outcome } from "../assignment.mjs" */
/** @import { Fate } from "../bad-handlers.mjs" */
/** @import { PartRun } from "../part-run.mjs" */

const options = {
  concurrency: 4,
  order: /** @type {const} */ ("none"),
  retry: { attempts: 2, backoffMs: 20 },
  handlerTimeoutMs: 200,
};
/** A handler that does not heed its signal is given up 30 s after its time, so one attempt is enough. */
const endlessOptions = { ...options, concurrency: 2, retry: { attempts: 1 } };
/** How many messages of each kind; more bad ones than there are slots, so that one that keeps its slot shows. */
const each = 6;

/**
 * Lets handlers do what none should, and sees that each message is handled or dead as it must, that the others are handled all the while, and that
 * nothing is left unhandled in the process.
 *
 * @param {PartRun} run
 * @returns {Promise<Outcome["figures"]>}
 */
export async function handlers(run) {
  const bus = await run.connect();
  /** What has to become of each message, by its id, for each group. @type {Map<string, Map<string, Fate>>} */
  const fates = new Map();
  const good = new Set();
  const begin = Date.now();
  await bus.subscribe("soak.bad.auto", { group: "soak-bad-auto", ...options }, (payload, message) => {
    const { handle } = badHandlers[String(payload)] ?? {};
    return handle === undefined ? void good.add(message.id) : handle(payload, message);
  });
  await bus.subscribe(
    "soak.bad.manual",
    { group: "soak-bad-manual", ...options, settle: "manual" },
    (payload, message) => {
      const { handle } = badManualHandlers[String(payload)] ?? {};
      if (handle !== undefined) {
        return handle(payload, message);
      }
      good.add(message.id);
      message.ack();
      return undefined;
    },
  );
  await bus.subscribe("soak.bad.endless", { group: "soak-bad-endless", ...endlessOptions }, (payload, message) =>
    payload === "good" ? void good.add(message.id) : endless(payload, message),
  );
  const publish = async (/** @type {string} */ kind, /** @type {string} */ payload, /** @type {Fate} */ fate) => {
    const group = `soak-bad-${kind}`;
    const { id } = await bus.publish(`soak.bad.${kind}`, payload);
    fates.set(group, (fates.get(group) ?? new Map()).set(id, fate));
  };
  for (const [kind, bad] of /** @type {const} */ ([
    ["auto", badHandlers],
    ["manual", badManualHandlers],
  ])) {
    for (const [name, { fate }] of Object.entries(bad)) {
      for (let time = 0; time < each; time++) {
        await publish(kind, name, fate);
      }
      await publish(kind, "good", "handled");
    }
  }
  for (let time = 0; time < 2; time++) {
    await publish("endless", "endless", "dead");
  }
  await publish("endless", "good", "handled");
  const published = [...fates.values()].reduce((sum, { size }) => sum + size, 0);
  await run.whenCounted("messages settled", published, () => settled(bus));
  const { dead, wrong } = await judge(run, bus, fates);
  const counts = bus.health().subscriptions;
  const kinds = ["auto", "manual", "endless"];
  for (const kind of kinds) {
    await publish(kind, "good", "handled");
  }
  const expectedGood = Object.keys(badHandlers).length + Object.keys(badManualHandlers).length + 1 + kinds.length;
  await run.whenCounted("good ones handled", expectedGood, () => good.size);
  run.must(good.size === expectedGood, `${expectedGood - good.size} good messages were not handled`);
  return {
    "kinds of bad handlers": Object.keys(badHandlers).length + Object.keys(badManualHandlers).length + 1,
    published,
    handled: counts.reduce((sum, { handled }) => sum + handled, 0),
    "dead letters": dead,
    "in the wrong place": wrong,
    abandoned: counts.reduce((sum, { abandoned }) => sum + abandoned, 0),
    "unhandled errors": run.problems.filter((problem) => problem.startsWith("un")).length,
    seconds: Math.round((Date.now() - begin) / 1_000),
  };
}

/** @param {Bus} bus */
function settled(bus) {
  return bus.health().subscriptions.reduce((sum, { handled, deadLettered }) => sum + handled + deadLettered, 0);
}

/**
 * Compares what is among the dead letters with what has to be.
 *
 * @param {PartRun} run
 * @param {Bus} bus
 * @param {ReadonlyMap<string, ReadonlyMap<string, Fate>>} fates
 */
async function judge(run, bus, fates) {
  let dead = 0;
  let wrong = 0;
  for (const [group, ofGroup] of fates) {
    const letters = new Map();
    for await (const letter of bus.deadLetters(group).list()) {
      letters.set(letter.id, new TextDecoder().decode(letter.body));
    }
    dead += letters.size;
    for (const [id, fate] of ofGroup) {
      const isDead = letters.has(id);
      if (isDead !== (fate === "dead")) {
        wrong++;
        run.problems.push(
          `a message of ${group} is ${isDead ? `dead (${letters.get(id)})` : "no dead letter"}, and must not be so`,
        );
      }
    }
  }
  return { dead, wrong };
}
