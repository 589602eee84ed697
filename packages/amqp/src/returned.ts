import type { Message, Options } from "amqplib";
import { deliveriesHeader, expiresAtHeader, failuresHeader, mustEscape, routingKeyHeader } from "./headers.ts";
import { routingKeyIn } from "./to-record.ts";

/**
 * The properties of a message that goes back to its queue after a while: its own, with the routing key that it came with and the numbers of its
 * deliveries and failures beside them. Not the broker's notes, not `CC`, which would send copies to the queues of those names on the way back, and not the
 * user id, which only its writer may claim.
 */
export function returnedProperties(
  message: Message,
  deliveries: number | undefined,
  failures: number | undefined,
): Options.Publish {
  const { headers = {}, expiration, userId: _, clusterId: __, deliveryMode: ___, ...properties } = message.properties;
  const kept: Record<string, unknown> = {};
  for (const name in headers) if (!mustEscape(name)) kept[name] = headers[name];
  kept[routingKeyHeader] = routingKeyIn(message);
  kept[deliveriesHeader] = String(deliveries ?? 0);
  if (failures !== undefined) kept[failuresHeader] = String(failures);
  // Its time would run out in the queue that holds it, and end the holding. How much of it is used up the broker does not tell.
  if (expiration !== undefined) kept[expiresAtHeader] = String(Date.now() + Number(expiration));
  return { ...properties, headers: kept, persistent: true, mandatory: true };
}
