import { overlaid } from "../../src/overlaid.ts";
import { onBoth, onBus, settling, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that cannot wait, and those that wait for ever. */
export const waitingMutants: readonly Mutant[] = [
  {
    name: "hands out what was never published",
    breaks: [onBus("G9", /nothing comes of an empty topic/)],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: async (request, sink) => {
          const subscriber = await broker.subscribe(request, sink);
          await broker.publish({
            address: request.filter,
            topic: request.filter,
            body: new Uint8Array(),
            headers: {},
            id: "phantom",
            timestamp: 0,
            contentType: "application/octet-stream",
            delivery: "at-least-once",
            sending: 1,
            publishToken: "phantom",
          });
          return subscriber;
        },
      }),
  },
  {
    name: "hands nothing out",
    breaks: [onBus("G9", /the message comes to who waits for it/)],
    mutate: (broker) => overlaid(broker, { subscribe: (request) => broker.subscribe(request, () => undefined) }),
  },
  {
    name: "never stops",
    breaks: [onBus("G9", /giving up ends/)],
    mutate: (broker) => subscribers(broker, () => ({ stop: () => new Promise(() => undefined) })),
  },
  {
    name: "forgets what was out when it closes",
    breaks: [onBus("G9", /what nobody has settled comes again/)],
    mutate: (broker) => settling(broker, (outcome) => (outcome === "release" ? "ack" : outcome)),
  },
  {
    name: "waits for the server before it closes",
    breaks: onBoth("G11", /closing ends although nobody answers/),
    overLink: true,
    mutate: (broker) => {
      const open = new Set<Promise<unknown>>();
      return overlaid(broker, {
        publish: (record, options) => {
          const publishing = broker.publish(record, options);
          open.add(publishing);
          void publishing.finally(() => open.delete(publishing)).catch(() => undefined);
          return publishing;
        },
        close: async () => {
          await Promise.allSettled(open);
          await broker.close();
        },
      });
    },
  },
  {
    name: "keeps acknowledgements to itself",
    breaks: [onBus("G9", /what was acknowledged does not/)],
    mutate: (broker) => settling(broker, (outcome) => (outcome === "ack" ? undefined : outcome)),
  },
];
