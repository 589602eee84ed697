import { memory } from "@busbar/core";
import type { OutboundRecord } from "@busbar/core/contract";
import { credit, publishWindow } from "../clients/client.ts";
import type { Client } from "../clients/client.ts";
import { contentType, decode, encode, newId } from "../clients/same-wire.ts";

/** The broker in memory as the bus drives it, without the bus. */
export async function openBareDriver(name: string): Promise<Client> {
  const broker = memory({ url: `memory://${name}` });
  await broker.open();
  return {
    window: publishWindow,
    publish: (topic, payload, key, confirmed) => {
      const id = newId();
      const record: OutboundRecord = {
        address: topic,
        topic,
        body: encode(payload),
        headers: {},
        key,
        id,
        timestamp: Date.now(),
        contentType,
        delivery: "at-least-once",
        sending: 1,
        publishToken: id,
      };
      broker.publish(record).then(() => confirmed(), confirmed);
    },
    subscribe: async (filter, handle) => {
      const subscriber = await broker.subscribe(
        {
          filter,
          group: "bench",
          name: "bench",
          member: "bench-one",
          durable: true,
          delivery: "at-least-once",
          startFrom: "new",
          maxInFlight: credit,
          graceMs: 60_000,
        },
        (delivery) => {
          void handle(decode(delivery.record.body));
          delivery.settle("ack");
        },
      );
      return { stop: () => subscriber.close() };
    },
    close: () => broker.close(),
  };
}
