import type { ConsumerInfo } from "@nats-io/jetstream";
import { settlementPayload } from "./acknowledgements.ts";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";

/** How long the server has to answer the last of several releases, in milliseconds. */
const answerTimeoutMs = 5_000;
const release = settlementPayload("release");

/** Of a consumer that reads little of a large stream what is unsettled may lie far apart; beyond this a lease is waited for. */
const recallAtMost = 16_384;

/** Tells whether few enough sequences lie between the first and the last that are unsettled to be given back one by one. */
export function isRecallable({ ack_floor, delivered }: ConsumerInfo): boolean {
  return delivered.stream_seq - ack_floor.stream_seq <= recallAtMost;
}

/**
 * Where to give back each message that may be unsettled, in the order of the stream, whether it arrived anywhere or not. The
 * server takes a release by its stream sequence, from anybody, and lets those pass that are not out.
 *
 * @param except What was given back for later, and is not to come at once.
 */
export function recallSubjects(
  { stream_name, name, ack_floor, delivered }: ConsumerInfo,
  except: ReadonlySet<number>,
): string[] {
  const subjects: string[] = [];
  for (let sequence = ack_floor.stream_seq + 1; sequence <= delivered.stream_seq; sequence++) {
    if (except.has(sequence)) continue;
    subjects.push(`$JS.ACK.${stream_name}.${name}.1.${sequence}.${delivered.consumer_seq}.0.0`);
  }
  return subjects;
}

/**
 * Releases the deliveries of these acknowledgement subjects, in this order, and resolves once the server has done so: what
 * is asked for afterwards brings them before anything later. Rejects when it does not answer or the connection is lost.
 */
export async function releaseAll(connection: Connection, subjects: readonly string[]): Promise<void> {
  const last = subjects.at(-1);
  if (last === undefined) return;
  const action = "Giving back what was unsettled";
  for (const subject of subjects.slice(0, -1)) connection.client.publish(subject, release);
  try {
    // It handles acknowledgements one after the other, and answers one that asks for it.
    await connection.ask(action, () => connection.client.request(last, release, { timeout: answerTimeoutMs }));
  } catch (error) {
    throw classify(error, { action });
  }
}
