import { describe } from "../delivery/describe.ts";
import { messageId } from "../delivery/message-id.ts";
import type { InboundRecord } from "../contract/index.ts";
import { RemoteError } from "../errors.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import { reservedToken } from "../topic/grammar.ts";

/** Requests travel apart from messages, so that no stream, queue or dead letter ever keeps one. */
const requestPrefix = `${reservedToken}.rpc.`;

/** The content type of an answer that says that the handler failed: JSON with `name` and `message`. */
export const errorContentType = "application/vnd.busbar.error+json";

/** Where a request to a topic, or to everything that fits a filter, travels. */
export function requestAddress(topicOrFilter: string): string {
  return requestPrefix + topicOrFilter;
}

/** The topic that a request was sent to. */
export function requestTopic({ address }: InboundRecord): string {
  return address.startsWith(requestPrefix) ? address.slice(requestPrefix.length) : address;
}

/** The filter that requests to `filter` are subscribed with. */
export function requestFilter(filter: ParsedFilter): string {
  return requestAddress(filter.canonical);
}

/** Where answers to a process, or where that is too dear to all of a service, go. */
export function replyAddress(service: string, process: string | undefined): string {
  return `${reservedToken}.reply.${process === undefined ? service : `${service}-${process}`}`;
}

/** A new correlation id; it says until when an answer is waited for, in milliseconds since the epoch. */
export function correlationFor(expiresAt: number): string {
  return `${messageId()}.${Math.ceil(expiresAt)}`;
}

/** Until when an answer is waited for; for ever where a foreign client's correlation id does not say. */
export function expiryOf(correlationId: string | undefined): number {
  const digits = /\.(\d{12,15})$/.exec(correlationId ?? "")?.[1];
  return digits === undefined ? Number.POSITIVE_INFINITY : Number(digits);
}

/** The most of an error's text that goes into an answer, in characters: every broker takes as much, and an error's text has no bound. */
const maxErrorLength = 4_000;

/** What an answer says of a failure. */
export function writeError(error: unknown): { readonly name: string; readonly message: string } {
  try {
    const { name, message }: { readonly name: unknown; readonly message: unknown } =
      error instanceof Error ? error : { name: "Error", message: error };
    return { name: String(name).slice(0, maxErrorLength), message: String(message).slice(0, maxErrorLength) };
  } catch {
    return { name: "Error", message: describe(error).slice(0, maxErrorLength) };
  }
}

/** The failure that an answer says, as an error. */
export function readError(body: Uint8Array, topic: string, broker: string): RemoteError {
  try {
    const { name, message } = JSON.parse(new TextDecoder().decode(body)) as { name?: unknown; message?: unknown };
    return new RemoteError(String(name), `The request to "${topic}" failed where it was handled: ${String(message)}`, {
      topic,
      broker,
    });
  } catch (cause) {
    return new RemoteError("Error", `The request to "${topic}" failed where it was handled, and did not say how.`, {
      topic,
      broker,
      cause,
    });
  }
}
