import type { Broker, OutboundRecord } from "@busbar/core/contract";
import { overlaid } from "../../src/overlaid.ts";

/** The broker, publishing something else than it was given. */
export function altered(broker: Broker, alter: (record: OutboundRecord) => OutboundRecord): Broker {
  return overlaid(broker, { publish: (record, options) => broker.publish(alter(record), options) });
}

/** The broker, taking no notice of an option of a publish that it declares. */
export function ignoring(broker: Broker, option: "retain" | "expiresInMs" | "delayMs" | "priority"): Broker {
  return altered(broker, (record) => ({ ...record, [option]: undefined }));
}

/** The broker with messages that live so long as `lived` says, where they were given a life. */
export function living(broker: Broker, lived: (expiresInMs: number) => number): Broker {
  return altered(broker, (record) =>
    record.expiresInMs === undefined ? record : { ...record, expiresInMs: lived(record.expiresInMs) },
  );
}

/** The broker that holds back what is to wait for `delayMs` so long as `held` says. */
export function delaying(broker: Broker, held: (delayMs: number) => number): Broker {
  return altered(broker, (record) =>
    record.delayMs === undefined ? record : { ...record, delayMs: held(record.delayMs) },
  );
}
