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
    run: async (stage) => {
      await stage.start("one");
      await stage.start("two");
      await stage.drain("two");
      await stage.publishFor(awayMs);
      await stage.whenQuiet();
      stage.noteMissing();
      await stage.start("two");
      await stage.whenQuiet();
    },
  },
  {
    name: "member-dies",
    title: "one of two members of a group is killed for good, and its session ends",
    protocol: "mqtt",
    said: "before one is removed for good let it empty its share",
    group: "pair",
    run: async (stage) => {
      await stage.start("one");
      await stage.start("two", { sessionExpirySeconds: 1 });
      await stage.publishFor(awayMs, () => stage.kill("two"));
      await stage.whenQuiet();
      stage.noteMissing();
      await stage.start("two");
      await stage.whenQuiet();
    },
  },
  {
    name: "group-forgotten",
    title: "the broker is restarted by SIGTERM while the only member of a group is away",
    protocol: "mqtt",
    said: "forgets the subscriptions of groups when it is restarted",
    group: "single",
    run: async (stage) => {
      await stage.start("one");
      await stage.drain("one");
      await stage.restartBroker("SIGTERM");
      await stage.publishFor(awayMs);
      stage.noteMissing();
      await stage.start("one");
      await stage.whenQuiet();
    },
  },
  {
    name: "broker-kill",
    title: "the broker is ended by SIGKILL while a durable subscriber is away",
    protocol: "mqtt",
    said: "what it has not written yet when it is killed",
    run: async (stage) => {
      await stage.start("one");
      await stage.drain("one");
      await stage.publishFor(awayMs);
      stage.noteMissing();
      await stage.restartBroker("SIGKILL");
      await stage.start("one");
      await stage.whenQuiet();
    },
  },
  {
    name: "full-queue",
    title:
      "more than 1000 messages are published while a durable subscriber is away, with max_queued_messages as it comes",
    protocol: "mqtt",
    said: "drops confirmed messages beyond 1000 queued",
    settings: { max_queued_messages: 1_000 },
    messagesPerSecond: 1_000,
    run: async (stage) => {
      await stage.start("one");
      await stage.drain("one");
      await stage.publishFor(awayMs);
      stage.noteMissing();
      await stage.start("one");
      await stage.whenQuiet();
    },
  },
];
