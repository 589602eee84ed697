/** @import { Stage } from "./stage.mjs" */

/**
 * One way to break things.
 *
 * @typedef {object} Scenario
 * @property {string} name as typed on the command line
 * @property {string} title what is done, for people
 * @property {boolean} [isOverNetwork] the clients connect over the network that can be broken
 * @property {boolean} [buriesOverNetwork] dead letters go to a broker of their own, over the network that can be broken
 * @property {boolean} [isInMemory] it makes sense where there is one process
 * @property {readonly string[]} [ungroupedOn] protocols on which the consumer is durable without a group
 * @property {boolean} [hasPoison] one message in a hundred fails every time
 * @property {(stage: Stage) => Promise<void>} run breaks things until the stage says that it is enough
 */

/** Every how many seconds at least something is killed: ten times in a minute. */
const killEverySeconds = 6;

/**
 * All there are, in the order of a run.
 *
 * @type {readonly Scenario[]}
 */
export const scenarios = [
  {
    name: "cut",
    title: "every connection is reset every 2 s",
    isOverNetwork: true,
    run: (stage) =>
      stage.again(async () => {
        await stage.pause(2_000);
        stage.network.cut();
        stage.faultEnded();
      }),
  },
  {
    name: "half-open",
    title: "for 3 s the network swallows everything and closes nothing, then it cuts",
    isOverNetwork: true,
    run: (stage) =>
      stage.again(async () => {
        await stage.pause(500, 1_500);
        stage.network.swallow();
        await stage.pause(3_000);
        stage.network.cut();
        stage.faultEnded();
        await stage.whenRecovered();
      }),
  },
  {
    name: "slow-network",
    title: "for 2 s all bytes come 20 to 200 ms late, for 2 s fewer pass than are sent, then it heals",
    isOverNetwork: true,
    run: (stage) =>
      stage.again(async () => {
        stage.network.slow({ delayMs: () => stage.between(20, 200) });
        await stage.pause(2_000);
        stage.network.slow({ bytesPerSecond: 20_000 });
        await stage.pause(2_000);
        stage.network.heal();
        stage.faultEnded();
        await stage.whenRecovered();
      }),
  },
  {
    name: "broker-restart",
    title: "the broker is restarted by SIGTERM, twice",
    // mosquitto forgets the members of groups when it ends, and confirms what nobody gets then.
    ungroupedOn: ["mqtt"],
    run: async (stage) => {
      for (let time = 0; time < 2; time++) {
        await stage.pause(500, 1_500);
        await stage.restartBroker();
        stage.faultEnded();
        await stage.whenRecovered();
      }
    },
  },
  {
    name: "consumer-kill",
    title: "the consumer is killed and started again under its name, ten times a minute at least",
    run: (stage) =>
      stage.again(async () => {
        await stage.pause(300, 1_000);
        await stage.killConsumer();
        stage.faultEnded();
        await stage.startConsumer();
        await stage.whenRecovered();
      }, stage.timesEvery(killEverySeconds)),
  },
  {
    name: "publisher-kill",
    title: "the publisher is killed and started again; what it saw confirmed counts",
    run: (stage) =>
      stage.again(async () => {
        await stage.pause(300, 1_000);
        await stage.killPublisher();
        stage.faultEnded();
        await stage.startPublisher();
        await stage.whenRecovered();
      }, stage.timesEvery(killEverySeconds)),
  },
  {
    name: "drain",
    title: "the consumer is ended by SIGTERM under load and started again, again and again",
    isInMemory: true,
    run: (stage) =>
      stage.again(async () => {
        await stage.pause(300, 1_000);
        await stage.renewConsumer();
        await stage.whenRecovered();
      }),
  },
  {
    name: "poison",
    title: "one message in a hundred fails every time and has to become a dead letter",
    isInMemory: true,
    hasPoison: true,
    run: (stage) => stage.again(() => stage.pause(1_000)),
  },
  {
    name: "unburied",
    title: "dead letters cannot be written for some seconds, and the consumer is killed meanwhile; then they can",
    buriesOverNetwork: true,
    hasPoison: true,
    run: (stage) =>
      stage.again(async () => {
        stage.network.refuse();
        // Other keys go on, until what waits behind the dead uses up all credit.
        await stage.whenFlowing();
        await stage.whenConsumerSays("could not be written, it stays unacknowledged");
        await stage.pause(1_000);
        // What it could not bury it has not acknowledged either, so the next one has it again.
        await stage.killConsumer();
        await stage.startConsumer();
        await stage.pause(1_000);
        stage.network.heal();
        stage.faultEnded();
        await stage.whenRecoveredOnEveryKey();
      }),
  },
];
