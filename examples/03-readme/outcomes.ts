import { connect } from "@busbar/core";
import { save } from "./store.ts";

const bus = await connect();

import { Reject, RetryLater } from "@busbar/core";

await bus.subscribe("order.placed", { group: "billing", retry: { attempts: 5 } }, async (order, message) => {
  if (isNonsense(order)) throw new Reject("no items"); // to the dead letters, now
  if (bankIsClosed()) throw new RetryLater(60_000); // again in a minute, without using up an attempt
  await charge(order, { idempotencyKey: message.id, signal: message.signal });
}); // returning acknowledges, throwing retries

for await (const letter of bus.deadLetters("billing").list()) console.log(letter.topic, letter.reason, letter.error);
await bus.deadLetters("billing").replay();

function isNonsense(order: unknown): boolean {
  return Array.isArray(order) && order.length === 0;
}

function bankIsClosed(): boolean {
  return false;
}

async function charge(order: unknown, options: { readonly idempotencyKey: string; readonly signal: AbortSignal }) {
  options.signal.throwIfAborted();
  await save(options.idempotencyKey, { charged: order });
}

export { bus };
