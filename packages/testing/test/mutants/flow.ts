import { overlaid } from "../../src/overlaid.ts";
import { delivering, onBus, onDriver, requesting, settling, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that do badly when much happens, and those that do not tell how they are. */
export const flowMutants: readonly Mutant[] = [
  {
    name: "delivers everything twice",
    breaks: [onBus("B6", /nothing arrives beside them/), onBus("D8", /each message once|the first message/)],
    mutate: (broker) =>
      overlaid(broker, {
        publish: async (record, options) => {
          await broker.publish(record, options);
          return broker.publish(record, options);
        },
      }),
  },
  {
    name: "loses its other subscriptions when one closes",
    breaks: [onBus("B7", /the one that stays gets every message/)],
    mutate: (broker) => {
      const stops: (() => Promise<void>)[] = [];
      return subscribers(broker, (subscriber) => {
        stops.push(() => subscriber.stop());
        return {
          close: async () => {
            await Promise.all(stops.map((stop) => stop()));
            await subscriber.close();
          },
        };
      });
    },
  },
  {
    name: "takes no subscription after the first publish",
    breaks: [onBus("B9", /the late one gets what is published from then on/)],
    mutate: (broker) => {
      let published = false;
      const listening = requesting(broker, (request) =>
        published ? { ...request, filter: `${request.filter}.never` } : request,
      );
      return overlaid(listening, {
        publish: (record, options) => {
          published = true;
          return broker.publish(record, options);
        },
      });
    },
  },
  {
    name: "confirms what it has not sent yet, and forgets it when it closes",
    breaks: [onBus("E7", /what was being published when it closed is there/)],
    mutate: (broker) => {
      let closed = false;
      return overlaid(broker, {
        publish: (record) => {
          setTimeout(() => void (closed || broker.publish(record).catch(() => undefined)), 50);
          return Promise.resolve({ id: record.id });
        },
        close: () => {
          closed = true;
          return broker.close();
        },
      });
    },
  },
  {
    name: "takes a message that was given back for one that is done",
    breaks: [onDriver("C4", /every message that was given back twice comes again/)],
    mutate: (broker) => settling(broker, (outcome) => (outcome === "release" ? "ack" : outcome)),
  },
  {
    name: "takes every delivery for the first",
    breaks: [onDriver("C8", /each delivery says which one it is/), onBus("I17", /the group has a dead letter/)],
    mutate: (broker) => delivering(broker, (delivery) => overlaid(delivery, { deliveries: 1, redelivered: false })),
  },
  {
    name: "has other headers every time that one looks",
    breaks: [onBus("C13", /each run sees what was sent/)],
    mutate: (broker) =>
      delivering(broker, (delivery) => {
        let looks = 0;
        const headers = Object.defineProperty({}, "one", { enumerable: true, get: () => String(++looks) });
        return overlaid(delivery, { record: { ...delivery.record, headers } });
      }),
  },
  {
    name: "swaps neighbours",
    breaks: [onBus("D2", /what is ordered at the broker is handled in that order/)],
    mutate: (broker) => {
      let held: (() => void) | undefined;
      return overlaid(broker, {
        publish: (record, options) =>
          new Promise((resolve, reject) => {
            const send = (): void => void broker.publish(record, options).then(resolve, reject);
            if (record.key !== "even") return send();
            if (held === undefined) held = send;
            else {
              send();
              held();
              held = undefined;
            }
          }),
      });
    },
  },
  {
    name: "gives no credit back",
    breaks: [onBus("D7", /the others come once there is room again/)],
    mutate: (broker) => settling(broker, () => undefined),
  },
  {
    name: "cannot be paused",
    breaks: [onBus("D8", /nothing is handled while it is paused/)],
    mutate: (broker) => subscribers(broker, () => ({ pause: () => undefined })),
  },
  {
    name: "takes everything for bytes",
    breaks: [onBus("A10", /is read as its content type says/)],
    mutate: (broker) =>
      delivering(broker, (delivery) =>
        overlaid(delivery, { record: { ...delivery.record, contentType: "application/octet-stream" } }),
      ),
  },
  {
    name: "never says that it is away",
    breaks: [onBus("I12", /it says that its broker is away/)],
    overLink: true,
    mutate: (broker) =>
      overlaid(broker, {
        onStatus: (listener) =>
          broker.onStatus((status) => {
            if (status.type !== "disconnected") listener(status);
          }),
      }),
  },
  {
    name: "keeps its client to itself",
    breaks: [onBus("I13", /there is an object of the client library's own/)],
    mutate: (broker) => overlaid(broker, { native: undefined }),
  },
];
