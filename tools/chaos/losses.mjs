/** @import { LossStage } from "./loss-stage.mjs" */

/**
 * One thing that a broker loses by itself, whatever its clients do.
 *
 * @typedef {object} Loss
 * @property {string} name as typed on the command line
 * @property {string} title what is done, for people
 * @property {string} protocol of the broker that does it
 * @property {string} said words of the warning with which its adapter says so at start-up
 * @property {Readonly<Record<string, string | number>>} [settings] what is different in the broker's configuration
 * @property {string} [group] of the consumers; without one each is durable by its name
 * @property {number} [messagesPerSecond] where the usual rate is too low to show it
 * @property {(stage: LossStage) => Promise<void>} run
 */

/** How long messages are published while something is away, in milliseconds. */
const awayMs = 2_000;

/**
 * All that are known and can be shown.
 *
 * @type {readonly Loss[]}
 */
export const losses = [
  {
    name: "member-away",
    title: "one of two members of a group is away while messages are published, and comes back",
    protocol: "mqtt",
    said: "for that member alone, also while it is away or stuck",
    group: "pair",
    run: (stage) => goAndComeBack(stage, { who: "two", stays: "one" }),
  },
  {
    name: "member-dies",
    title: "one of two members of a group is killed for good, and its session ends",
    protocol: "mqtt",
    said: "before one is removed for good let it empty its share",
    group: "pair",
    run: (stage) =>
      goAndComeBack(stage, { who: "two", stays: "one", native: { sessionExpirySeconds: 1 }, isKilled: true }),
  },
  {
    name: "group-forgotten",
    title: "the broker is restarted by SIGTERM while the only member of a group is away",
    protocol: "mqtt",
    said: "forgets the subscriptions of groups when it is restarted",
    group: "single",
    run: (stage) => goAndComeBack(stage, { who: "one", onceAway: () => stage.restartBroker("SIGTERM") }),
  },
  {
    name: "broker-kill",
    title: "the broker is ended by SIGKILL while a durable subscriber is away",
    protocol: "mqtt",
    said: "what it has not written yet when it is killed",
    run: (stage) => goAndComeBack(stage, { who: "one", oncePublished: () => stage.restartBroker("SIGKILL") }),
  },
  {
    name: "full-queue",
    title:
      "more than 1000 messages are published while a durable subscriber is away, with max_queued_messages as it comes",
    protocol: "mqtt",
    said: "drops confirmed messages beyond 1000 queued",
    settings: { max_queued_messages: 1_000 },
    messagesPerSecond: 1_000,
    run: (stage) => goAndComeBack(stage, { who: "one" }),
  },
];

/**
 * What all of them have in common: somebody goes, messages are published, and what is missing then shows whether it comes with who comes
 * back.
 *
 * @param {LossStage} stage
 * @param {object} how
 * @param {string} how.who goes and comes back
 * @param {string} [how.stays] is there all the time
 * @param {Readonly<Record<string, unknown>>} [how.native] of who goes, before that
 * @param {boolean} [how.isKilled] halfway through the publishing, instead of being drained before it
 * @param {() => Promise<void>} [how.onceAway] what happens before anything is published
 * @param {() => Promise<void>} [how.oncePublished] what happens before anybody comes back
 */
async function goAndComeBack(stage, { who, stays, native, isKilled = false, onceAway, oncePublished }) {
  if (stays !== undefined) {
    await stage.start(stays);
  }
  await stage.start(who, native);
  if (!isKilled) {
    await stage.drain(who);
  }
  await onceAway?.();
  await stage.publishFor(awayMs, isKilled ? () => stage.kill(who) : undefined);
  if (stays !== undefined) {
    await stage.whenQuiet();
  }
  stage.noteMissing();
  await oncePublished?.();
  await stage.start(who);
  await stage.whenQuiet();
}
