import type { Broker, OutboundRecord } from "@busbar/core/contract";
import { BusError, ConnectionError, RefusedError } from "@busbar/core/driver";
import { overlaid } from "../../src/overlaid.ts";
import { onBoth, onBus, onDriver, sending } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";
import { altered, delaying, ignoring, living } from "./altered.ts";

/** Those that publish what they should not, or not when and as often as they should. */
export const publishingMutants: readonly Mutant[] = [
  {
    name: "takes a buffer that is full for a failure",
    breaks: [onDriver("E1", /all of a burst is confirmed, however much is published at once/)],
    mutate: (broker) => {
      let open = 0;
      return overlaid(broker, {
        publish: (record, options) => {
          const publishing = broker.publish(record, options).finally(() => open--);
          return open++ < 1_024 ? publishing : Promise.reject(new RefusedError("the buffer is full"));
        },
      });
    },
  },
  {
    name: "takes everybody for a subscriber",
    breaks: [...onBoth("E12", /that nobody is subscribed is told, and is no failure/)],
    mutate: (broker) =>
      overlaid(broker, {
        publish: async (record, options) => ({ ...(await broker.publish(record, options)), routed: true }),
      }),
  },
  {
    name: "takes nobody for a subscriber",
    breaks: onBoth("E12", /that somebody is subscribed is told/),
    mutate: (broker) =>
      overlaid(broker, {
        publish: async (record, options) => ({ ...(await broker.publish(record, options)), routed: false }),
      }),
  },
  {
    name: "declares that it keeps last values and does not",
    breaks: onBoth("E13", /who comes later gets what was kept/),
    mutate: (broker) => ignoring(broker, "retain"),
  },
  {
    name: "keeps whatever is published as the last value",
    breaks: onBoth("E13", /which is the last value that was to be kept/),
    mutate: (broker) => altered(broker, (record) => ({ ...record, retain: true })),
  },
  {
    name: "waits for ever where its server is away",
    overLink: true,
    breaks: [onDriver("E4", /a publish without a confirm is answered/)],
    mutate: (broker) => failing(broker, () => new Promise(() => undefined)),
  },
  {
    name: "takes a server that is away for one that refuses",
    overLink: true,
    breaks: onBoth("E4", /a publish without a confirm is refused as one to try again/),
    mutate: (broker) => failing(broker, (cause) => Promise.reject(new RefusedError("no", { cause }))),
  },
  {
    name: "takes what it has sent for what it has not",
    overLink: true,
    breaks: onBoth("E4", /a publish that was sent and not confirmed has an unknown outcome/),
    mutate: (broker) => failing(broker, (cause) => Promise.reject(new ConnectionError("not sent", { cause }))),
  },
  {
    name: "does not know what it has not sent",
    overLink: true,
    breaks: [onDriver("E4", /the driver knows that it was not sent/)],
    mutate: (broker) =>
      failing(broker, (cause) =>
        Promise.reject(new ConnectionError("who knows", { cause, code: "BUSBAR_OUTCOME_UNKNOWN" })),
      ),
  },
  {
    name: "confirms while its server is away",
    overLink: true,
    breaks: [
      onDriver("E4", /nothing is confirmed while the server is away/),
      onBus("E4", /nothing is confirmed while the server is away/),
      onBus("E10", /all of it arrives/),
    ],
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) => broker.publish(record, options).catch(() => ({ id: record.id })),
      }),
  },
  {
    name: "publishes no more after a failure",
    overLink: true,
    breaks: onBoth("E4", /publishing works again once the server is back/),
    mutate: (broker) => {
      let failed = false;
      return overlaid(broker, {
        publish: (record, options) => {
          if (failed) return Promise.reject(new ConnectionError("not any more"));
          return broker.publish(record, options).catch((error: unknown) => {
            failed = true;
            throw error;
          });
        },
      });
    },
  },
  {
    name: "publishes one message at a time",
    overLink: true,
    breaks: [onBus("E9", /as many as there is room for reach the broker/)],
    mutate: (broker) => {
      let last: Promise<unknown> = Promise.resolve();
      return overlaid(broker, {
        publish: (record, options) => {
          const publishing = last.then(() => broker.publish(record, options));
          last = publishing.catch(() => undefined);
          return publishing;
        },
      });
    },
  },
  {
    name: "makes room before there is a confirm",
    overLink: true,
    breaks: [onBus("E9", /2 publishes give way while the broker has not confirmed|nothing is confirmed/)],
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) => {
          void broker.publish(record, options).catch(() => undefined);
          return Promise.resolve({ id: record.id });
        },
      }),
  },
  {
    name: "keeps to itself that it has lost its server",
    overLink: true,
    breaks: [onBus("E4", /the bus says that its broker is away/), onBus("E9", /the bus says that its broker is away/)],
    mutate: (broker) =>
      overlaid(broker, {
        onStatus: (listener) => broker.onStatus((status) => void (status.type === "disconnected" || listener(status))),
      }),
  },
  {
    name: "sends again what it could not, in the order in which it failed last",
    overLink: true,
    breaks: [onBus("E10", /no message of a key reaches the broker before an earlier one of it/)],
    mutate: backwardsAgain,
  },
  {
    name: "sends again by itself",
    overLink: true,
    breaks: [onBus("E10", /no message of a key reaches the broker before an earlier one of it/)],
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) =>
          broker.publish(record, options).catch(async () => {
            await new Promise((resolve) => void setTimeout(resolve, 100));
            return broker.publish({ ...record, sending: 2 }, options);
          }),
      }),
  },
  {
    name: "takes an id for the message",
    breaks: onBoth("E11", /the same id on another topic is another message/),
    mutate: (broker) => once(broker, ({ id }) => id),
  },
  {
    name: "takes an id for the message of its topic",
    breaks: onBoth("E11", /the same id published again is another message/),
    mutate: (broker) => once(broker, ({ topic, id }) => `${topic} ${id}`),
  },
  {
    name: "takes what is sent again for another message",
    overLink: true,
    breaks: onBoth("I9", /what is sent again arrives once/),
    mutate: (broker) => sending(broker, (record) => ({ ...record, sending: 1 })),
  },
  {
    name: "takes whatever is sent again for known",
    overLink: true,
    breaks: [onDriver("I9", /a resend whose first sending never arrived does/)],
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) =>
          record.sending > 1 ? Promise.resolve({ id: record.id }) : broker.publish(record, options),
      }),
  },
  {
    name: "declares delays and has none",
    breaks: onBoth("I4", /nothing arrives before its time/),
    mutate: (broker) => ignoring(broker, "delayMs"),
  },
  {
    name: "delays by half of what it should",
    breaks: onBoth("I4", /nothing arrives before its time/),
    mutate: (broker) => delaying(broker, (delayMs) => delayMs / 2),
  },
  {
    name: "loses what it delays",
    breaks: onBoth("I4", /what was delayed arrives/),
    mutate: (broker) => delaying(broker, () => 60_000),
  },
  {
    name: "holds everything up behind what it delays",
    breaks: onBoth("I4", /what has no delay does not wait for what has one/),
    // Later than the one before it, as from a queue that only looks at its head.
    mutate: (broker) => altered(broker, (record) => ({ ...record, delayMs: record.delayMs ?? 1_300 })),
  },
  {
    name: "declares that messages expire and keeps them",
    breaks: onBoth("I5", /what has expired does not arrive/),
    mutate: (broker) => ignoring(broker, "expiresInMs"),
  },
  {
    name: "takes milliseconds for seconds",
    breaks: onBoth("I5", /what has expired does not arrive/),
    mutate: (broker) => living(broker, (expiresInMs) => 1_000 * expiresInMs),
  },
  {
    name: "lets whatever can expire, do so with the first",
    breaks: onBoth("I5", /what has not expired arrives/),
    mutate: (broker) => living(broker, (expiresInMs) => Math.min(expiresInMs, 1_000)),
  },
  {
    name: "keeps last values for ever",
    breaks: onBoth("I5", /a kept last value that has expired does not arrive/),
    mutate: (broker) =>
      altered(broker, (record) => (record.retain === true ? { ...record, expiresInMs: undefined } : record)),
  },
  {
    name: "declares priorities and has none",
    breaks: onBoth("I6", /those of a higher priority go first/),
    mutate: (broker) => ignoring(broker, "priority"),
  },
  {
    name: "takes the lower priority for the higher",
    breaks: onBoth("I6", /those of a higher priority go first/),
    mutate: (broker) => altered(broker, (record) => ({ ...record, priority: -(record.priority ?? 0) })),
  },
];

/** The broker with each failure of a publish turned into something else. */
function failing(broker: Broker, otherwise: (cause: BusError) => Promise<never>): Broker {
  return overlaid(broker, {
    publish: (record, options) =>
      broker.publish(record, options).catch((error: unknown) => {
        if (!BusError.is(error)) throw error;
        return otherwise(error);
      }),
  });
}

/** Collects what is sent again in one turn and sends it from the last to the first. */
function backwardsAgain(broker: Broker): Broker {
  const again: (() => void)[] = [];
  return overlaid(broker, {
    publish: (record, options) => {
      if (record.sending === 1) return broker.publish(record, options);
      return new Promise((resolve, reject) => {
        again.unshift(() => void broker.publish(record, options).then(resolve, reject));
        if (again.length === 1) setImmediate(() => again.splice(0).forEach((send) => send()));
      });
    },
  });
}

/** The broker with only the first of all publishes that are named alike. */
function once(broker: Broker, nameOf: (record: OutboundRecord) => string): Broker {
  const known = new Set<string>();
  return overlaid(broker, {
    publish: (record, options) => {
      const name = nameOf(record);
      if (known.has(name)) return Promise.resolve({ id: record.id });
      known.add(name);
      return broker.publish(record, options);
    },
  });
}
