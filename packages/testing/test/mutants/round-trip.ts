import type { InboundRecord } from "@busbar/core/contract";
import { bytesOf, textOf } from "../../src/numbered.ts";
import { overlaid } from "../../src/overlaid.ts";
import { delivering, onBoth, onBus, onDriver, requesting, sending } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that change a message on its way. */
export const roundTripMutants: readonly Mutant[] = [
  {
    name: "forgets headers",
    breaks: onBoth("A1", /the headers are those that were sent/),
    mutate: (broker) => sending(broker, (record) => ({ ...record, headers: {} })),
  },
  {
    name: "publishes everything twice",
    breaks: onBoth("A1", /no message arrives twice/),
    mutate: (broker) =>
      overlaid(broker, {
        publish: async (record, options) => {
          await broker.publish(record, options);
          return broker.publish(record, options);
        },
      }),
  },
  {
    name: "subscribes to more than was asked for",
    breaks: [onDriver("A2", /nothing arrives from another topic/)],
    mutate: (broker) =>
      requesting(broker, (request) => ({
        ...request,
        filter: `${request.filter.split(".").slice(0, 2).join(".")}.**`,
      })),
  },
  {
    name: "writes JSON anew",
    breaks: onBoth("A3", /not a byte of it is written anew/),
    mutate: (broker) => sending(broker, (record) => ({ ...record, body: rewritten(record.body) })),
  },
  {
    name: "puts bodies into an envelope",
    breaks: [onBus("A3", /what arrives is what was published/)],
    mutate: (broker) =>
      sending(broker, (record) =>
        record.contentType === "application/json"
          ? { ...record, body: bytesOf(`{"data":${textOf(record.body)}}`) }
          : record,
      ),
  },
  {
    name: "takes bodies for text",
    breaks: onBoth("A4", /every body is the same, byte for byte/),
    mutate: (broker) => sending(broker, (record) => ({ ...record, body: bytesOf(textOf(record.body)) })),
  },
  {
    name: "loses empty bodies",
    breaks: onBoth("A4", /every body arrives, the empty one too/),
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) =>
          record.body.length === 0 ? Promise.resolve({ id: record.id }) : broker.publish(record, options),
      }),
  },
  {
    name: "lowers the names of headers",
    breaks: onBoth("A5", /name by name and character by character/),
    mutate: (broker) =>
      sending(broker, (record) => ({
        ...record,
        headers: Object.fromEntries(Object.entries(record.headers).map(([name, value]) => [name.toLowerCase(), value])),
      })),
  },
  {
    name: "tells the time in seconds",
    breaks: [onDriver("A6", /what was given is what arrives/)],
    mutate: (broker) =>
      sending(broker, (record) => ({ ...record, timestamp: Math.floor(record.timestamp / 1000) * 1000 })),
  },
  {
    name: "gives ids of its own",
    breaks: onBoth("A6", /what was given is what arrives/),
    mutate: (broker) =>
      delivering(broker, (delivery) => overlaid(delivery, { record: { ...delivery.record, id: "another" } })),
  },
  {
    name: "takes the filter for the topic",
    breaks: onBoth("A7", /the topic is the one that it was published to/),
    mutate: (broker) =>
      delivering(broker, (delivery, { filter }) =>
        overlaid(delivery, { record: { ...delivery.record, topic: filter } }),
      ),
  },
  {
    name: "forgets the topic of a folded message",
    breaks: [onDriver("A7", /a folded message carries its topic beside it/)],
    mutate: (broker) => sending(broker, (record) => ({ ...record, topic: record.address })),
  },
  {
    name: "gives two subscribers one object",
    breaks: [onDriver("A8", /a receiver has bytes and headers of its own/)],
    mutate: (broker) => {
      const records = new Map<string | undefined, InboundRecord>();
      return delivering(broker, (delivery) => {
        const { record } = delivery;
        if (!records.has(record.id)) records.set(record.id, record);
        return overlaid(delivery, { record: records.get(record.id) ?? record });
      });
    },
  },
  {
    name: "writes into the record that it is given",
    breaks: [onDriver("A8", /a driver never changes a record/)],
    mutate: (broker) =>
      sending(broker, (record) => {
        (record.headers as Record<string, string>)["sent"] = "yes";
        return record;
      }),
  },
];

function rewritten(body: Uint8Array): Uint8Array {
  try {
    return bytesOf(JSON.stringify(JSON.parse(textOf(body))));
  } catch {
    return body;
  }
}
