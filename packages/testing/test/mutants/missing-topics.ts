import { RefusedError } from "@busbar/core/driver";
import { overlaid } from "../../src/overlaid.ts";
import { onBoth, onBus, onDriver, requesting, sending } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that take no large body, mix up confirms, or do badly with what nobody has made. */
export const missingTopicMutants: readonly Mutant[] = [
  {
    name: "gives each publish the receipt of the one before",
    breaks: [
      onDriver("E2", /each receipt is that of its own record/),
      onBus("E2", /each entry has its own result in its place/),
    ],
    mutate: (broker) => {
      let before: string | undefined;
      return overlaid(broker, {
        publish: async (record, options) => {
          const id = before ?? record.id;
          before = record.id;
          return { ...(await broker.publish(record, options)), id };
        },
      });
    },
  },
  {
    name: "cuts off what is large",
    breaks: onBoth("E8", /it is whole, and as it was/),
    mutate: (broker) => sending(broker, (record) => ({ ...record, body: record.body.slice(0, 1_000_000) })),
  },
  {
    name: "loses what follows a large body",
    breaks: onBoth("E8", /what follows arrives/),
    mutate: (broker) => {
      let lost = false;
      return overlaid(broker, {
        publish: (record, options) => {
          if (lost) return Promise.resolve({ id: record.id });
          lost = record.body.length > 1_000_000;
          return broker.publish(record, options);
        },
      });
    },
  },
  {
    name: "states a limit and keeps to none",
    breaks: [onDriver("E8", /a body over the limit is refused as such/)],
    mutate: (broker) => withLimit(broker, 1_000),
  },
  {
    name: "refuses what is over its limit as anything else",
    breaks: [onDriver("E8", /a body over the limit is refused as such/)],
    mutate: (broker) =>
      overlaid(withLimit(broker, 1_000), {
        publish: (record, options) =>
          record.body.length > 1_000 ? Promise.reject(new RefusedError("no")) : broker.publish(record, options),
      }),
  },
  {
    name: "says in a way of its own that a topic is not there",
    breaks: onBoth("E5", /that it is not there is a typed error/),
    mutate: (broker) => overlaid(broker, { publish: () => Promise.reject(new RefusedError("which topic?")) }),
  },
  {
    name: "makes what it is asked to check",
    breaks: onBoth("E5", /checking a subscription does not make it/),
    mutate: (broker) => {
      const made = new Set<string>();
      return overlaid(broker, {
        subscribe: (request, sink) => {
          if (made.has(request.name)) return broker.subscribe(request, sink);
          made.add(request.name);
          return Promise.reject(notFound(request.filter));
        },
      });
    },
  },
  {
    name: "confirms what goes to a topic that is not there",
    breaks: [onDriver("E5", /where nothing needs to be made, what is confirmed arrives/)],
    mutate: (broker) => {
      let published = 0;
      return overlaid(broker, {
        publish: (record, options) =>
          ++published > 2 ? broker.publish(record, options) : Promise.resolve({ id: record.id }),
      });
    },
  },
  {
    name: "makes no topic",
    breaks: [onBus("E5", /a publish of who may create is no error/)],
    mutate: (broker) => overlaid(broker, { publish: ({ topic }) => Promise.reject(notFound(topic)) }),
  },
  {
    name: "subscribes to another topic where its own is not there",
    breaks: [onDriver("E5", /what is published to a topic that was made arrives|what is confirmed arrives/)],
    mutate: (broker) => requesting(broker, (request) => ({ ...request, filter: `${request.filter}.other` })),
  },
];

type Broker = Parameters<Mutant["mutate"]>[0];

function withLimit(broker: Broker, maxBodyBytes: number): Broker {
  return overlaid(broker, {
    open: async (options) => ({ ...(await broker.open(options)), limits: { maxBodyBytes } }),
  });
}

function notFound(topic: string): RefusedError {
  return new RefusedError(`there is no ${topic}`, { code: "BUSBAR_NOT_FOUND", topic });
}
