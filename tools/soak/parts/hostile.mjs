import { inspect, isDeepStrictEqual, types } from "node:util";

import { BusError, memory } from "@busbar/core";

import {
  hostileFilters,
  hostileOptions,
  hostilePayloads,
  hostileSubscribeOptions,
  hostileTopics,
  strangeOptions,
} from "../hostile-input.mjs";

/** @import { Bus, Message, PublishOptions } from "@busbar/core" */
/** @import { Adapter, Broker } from "@busbar/core/contract" */
/** @import { Outcome } from "../assignment.mjs" */
/** @import { PartRun } from "../part-run.mjs" */

const topic = "soak.hostile";

/**
 * Calls the bus with what somebody made up to do harm. What is malformed has to be refused by its type before the driver hears of it; what is only
 * strange has to arrive as it was sent or be refused by its type; and the bus works on over the same connections.
 *
 * @param {PartRun} run
 * @returns {Promise<Outcome["figures"]>}
 */
export async function hostile(run) {
  const driver = new WatchedDriver(await driverFor(run));
  const bus = await run.connect(driver.broker);
  /** @type {Map<string, Message>} */
  const arrived = new Map();
  await bus.subscribe(topic, { group: "soak-hostile" }, (payload, message) => {
    arrived.set(String(payload), message);
  });
  const calls = driver.calls;
  const refused = await refuseAll(run, bus);
  const heard = driver.calls - calls;
  run.must(heard === 0, `the driver was called ${heard} times by what is malformed`);
  const { carried, typed } = await carryAll(run, bus, arrived);
  run.tell("does it work on?");
  await bus.publish(topic, "afterwards");
  await run.whenCounted("came afterwards", 1, () => Number(arrived.has("afterwards")));
  run.must(arrived.has("afterwards"), "nothing arrives afterwards");
  run.must(driver.disconnected === 0, `the connection was lost ${driver.disconnected} times`);
  run.must(!("polluted" in {}) && Object.keys(Object.prototype).length === 0, "a prototype was changed");
  return {
    "malformed, refused": refused,
    "of them heard of by the driver": heard,
    "strange, arrived as sent": carried,
    "strange, refused by type": typed,
    "connections lost": driver.disconnected,
  };
}

/**
 * @param {PartRun} run
 * @param {Bus} bus
 */
async function refuseAll(run, bus) {
  let refused = 0;
  const must = async (/** @type {string} */ what, /** @type {() => Promise<unknown>} */ call) => {
    run.signal.throwIfAborted();
    run.tell(what);
    try {
      await call();
    } catch (error) {
      const isTyped = BusError.is(error) && !error.retryable;
      run.must(isTyped, `${what} was refused without a type: ${shown(error)}`);
      refused += Number(isTyped);
      return;
    }
    run.problems.push(`${what} was taken`);
  };
  for (const [index, each] of hostileTopics.entries()) {
    await must(`topic ${index} (${shown(each)})`, () => bus.publish(/** @type {string} */ (each), "harm"));
  }
  for (const [index, each] of hostileOptions.entries()) {
    const options = /** @type {PublishOptions} */ (each);
    await must(`option ${index} (${shown(each)})`, () => bus.publish(topic, "harm", options));
  }
  for (const [index, each] of hostilePayloads.entries()) {
    await must(`payload ${index} (${shown(each)})`, () => bus.publish(topic, each));
  }
  for (const [index, each] of hostileFilters.entries()) {
    const filter = /** @type {string} */ (each);
    await must(`filter ${index} (${shown(each)})`, () =>
      bus.subscribe(filter, { group: "soak-harm" }, () => undefined),
    );
  }
  for (const [index, each] of hostileSubscribeOptions.entries()) {
    await must(`subscribe option ${index} (${shown(each)})`, () => bus.subscribe("soak.harm", each, () => undefined));
  }
  return refused;
}

/**
 * @param {PartRun} run
 * @param {Bus} bus
 * @param {Map<string, Message>} arrived
 */
async function carryAll(run, bus, arrived) {
  /** @type {Map<string, PublishOptions>} */
  const sent = new Map();
  let typed = 0;
  for (const [index, options] of strangeOptions.entries()) {
    run.signal.throwIfAborted();
    const what = `strange-${index}`;
    run.tell(what);
    try {
      await bus.publish(topic, what, options);
      sent.set(what, options);
    } catch (error) {
      const isTyped = BusError.is(error) && !error.retryable;
      run.must(isTyped, `${what} (${shown(options)}) was refused without a type: ${shown(error)}`);
      typed += Number(isTyped);
    }
  }
  await run.whenCounted(
    "strange ones arrived",
    sent.size,
    () => [...sent.keys()].filter((each) => arrived.has(each)).length,
  );
  let carried = 0;
  for (const [what, { headers = {}, key, id }] of sent) {
    const message = arrived.get(what);
    const isSame =
      message !== undefined &&
      isDeepStrictEqual({ ...message.headers }, { ...headers }) &&
      message.key === key &&
      (id === undefined || message.id === id);
    run.must(
      isSame,
      `${what} (${shown({ headers, key, id })}) arrived as ${shown(message && { headers: message.headers, key: message.key, id: message.id })}`,
    );
    carried += Number(isSame);
  }
  return { carried, typed };
}

/** A driver that counts what it is called for, and the connections that it loses. */
class WatchedDriver {
  calls = 0;
  disconnected = 0;

  /** @param {Broker} broker */
  constructor(broker) {
    this.broker = broker;
    const publish = broker.publish.bind(broker);
    const subscribe = broker.subscribe.bind(broker);
    broker.publish = (record, options) => {
      this.calls++;
      return publish(record, options);
    };
    broker.subscribe = (request, sink) => {
      this.calls++;
      return subscribe(request, sink);
    };
    broker.onStatus((status) => {
      if (status.type === "disconnected" || (status.type === "subscription" && !status.connected)) {
        this.disconnected++;
      }
    });
  }
}

/**
 * @param {PartRun} run
 * @returns {Promise<Broker>}
 */
async function driverFor({ protocol, url }) {
  if (protocol === "memory") {
    return memory();
  }
  const { adapter } = /** @type {{ adapter: Adapter }} */ (await import(`@busbar/${protocol}`));
  return adapter.create({ url });
}

/** @param {unknown} value */
function shown(value) {
  const text = types.isNativeError(value)
    ? `${value.name}: ${value.message}`
    : inspect(value, { depth: 2, maxStringLength: 60 });
  return text.replaceAll(/\s+/g, " ").slice(0, 200);
}
