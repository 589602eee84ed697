import { sha256 } from "js-sha256";
import { fromBase64, toBase64 } from "../codec/base64.ts";
import { encodeUtf8 } from "../codec/character-set.ts";
import type { Headers, InboundRecord, OutboundRecord } from "../contract/index.ts";
import { describe } from "./describe.ts";
import type { DeathReason } from "./intake.ts";

/** A message that could not be handled, with all that is needed to look at it and to publish it again. */
export interface DeadLetter {
  /** The id of the message. */
  readonly id: string;
  /** The topic it was published to. */
  readonly topic: string;
  /** The message's ordering key; `undefined` where it had none. */
  readonly key: string | undefined;
  /** The message's own headers, as they arrived. */
  readonly headers: Headers;
  /** The bytes, as they arrived. */
  readonly body: Uint8Array;
  /** As the message came with it; `undefined` where a foreign one had none. */
  readonly contentType: string | undefined;
  /** When the message was published, in milliseconds since the epoch. */
  readonly timestamp: number;
  /** The group that gave it up, or of a subscription without one the service. */
  readonly group: string;
  /** The filter of the subscription that gave it up. */
  readonly filter: string;
  /** Why it was given up. */
  readonly reason: DeathReason;
  /** What the handler threw, or what was wrong with the bytes: name and message, shortened. */
  readonly error: string;
  /** How often the handler ran. */
  readonly attempts: number;
  /** When it was given up, in milliseconds since the epoch. */
  readonly deadAt: number;
  /** The name of the broker that the message came from, where it is another than the one that `routes` named for its topic. */
  readonly broker?: string | undefined;
}

/** The content type of a dead letter inside an envelope: JSON with the body in base64. */
export const deadLetterContentType = "application/vnd.busbar.dead-letter+json";

const prefix = "busbar-dead-";
/** Headers have bounds on every broker; an error text has none. */
const maxErrorLength = 1000;
const briefErrorLength = 40;

/**
 * How much a dead letter says of why it is one, where its message is nearly as large as its broker takes: `full`; `brief`, with no more of the error than
 * its beginning; or `least`, without error, group and filter. What is needed to publish it again is in each of them.
 */
export type DeadLetterDetail = "full" | "brief" | "least";

/** From the most to the least. */
export const deadLetterDetails: readonly DeadLetterDetail[] = ["full", "brief", "least"];

/**
 * The slot of a dead letter: the same for the same message given up by the same subscription, so that burying it twice keeps
 * one. A foreign message without an id goes by its body.
 */
export function deadLetterSlot(letter: DeadLetter, hasOwnId: boolean): string {
  const hash = sha256.create().update(encodeUtf8(`${letter.filter}\0${letter.topic}\0`));
  if (hasOwnId) hash.update(encodeUtf8(letter.id));
  else hash.update(letter.body);
  return hash.hex().slice(0, 32);
}

/**
 * Writes a dead letter as a record: the original bytes with `busbar-dead-…` headers beside the message's own, or all of it in
 * an envelope where the broker has no headers, or where an empty body would vanish.
 *
 * @param address Where it is to go.
 * @param detail How much its headers say; an envelope says all.
 */
export function deadLetterToRecord(
  letter: DeadLetter,
  address: string,
  headersCarried: boolean,
  detail: DeadLetterDetail = "full",
): OutboundRecord {
  const base = {
    address,
    topic: address,
    id: letter.id,
    timestamp: letter.timestamp,
    delivery: "at-least-once",
    sending: 1,
    publishToken: crypto.randomUUID(),
    passedOn: true,
    ...(letter.key === undefined ? {} : { key: letter.key }),
  } as const;
  if (!headersCarried || letter.body.byteLength === 0) {
    const { body, ...rest } = letter;
    const envelope = JSON.stringify({ ...rest, body: toBase64(body) });
    return { ...base, body: encodeUtf8(envelope), headers: {}, contentType: deadLetterContentType };
  }
  const headers: Record<string, string> = {
    ...letter.headers,
    [`${prefix}topic`]: letter.topic,
    [`${prefix}reason`]: letter.reason,
    [`${prefix}attempts`]: String(letter.attempts),
    [`${prefix}at`]: String(letter.deadAt),
  };
  if (detail !== "least") {
    headers[`${prefix}group`] = letter.group;
    headers[`${prefix}filter`] = letter.filter;
    headers[`${prefix}error`] = printable(letter.error, detail === "full" ? maxErrorLength : briefErrorLength);
  }
  if (letter.contentType === undefined) headers[`${prefix}untyped`] = "true";
  if (letter.broker !== undefined) headers[`${prefix}broker`] = letter.broker;
  return { ...base, body: letter.body, headers, contentType: letter.contentType ?? "application/octet-stream" };
}

/**
 * Reads a dead letter back; what a foreign hand put there is read as far as it goes. Never throws: what should be an envelope and is none is
 * `undecodable`, with its own bytes, so that it can be looked at and dropped, and stands in no other's way.
 */
export function deadLetterFromRecord(record: InboundRecord, group: string, headersCarried: boolean): DeadLetter {
  // A dead letter that was buried once more has headers beside it, and what is an envelope is its body.
  const isBeside = record.headers[`${prefix}topic`] !== undefined;
  if (headersCarried && (isBeside || record.contentType !== deadLetterContentType)) return fromHeaders(record, group);
  try {
    return fromEnvelope(record.body);
  } catch (error) {
    return { ...fromHeaders(record, group), reason: "undecodable", error: describe(error) };
  }
}

function fromEnvelope(bytes: Uint8Array): DeadLetter {
  const letter: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isEnvelope(letter)) throw new TypeError("This is no dead letter of the bus.");
  return { ...letter, key: letter.key, contentType: letter.contentType, body: fromBase64(letter.body) };
}

/** Only what nothing else could be made of is looked at. */
function isEnvelope(value: unknown): value is Omit<DeadLetter, "body"> & { readonly body: string } {
  if (typeof value !== "object" || value === null) return false;
  const { id, topic, body, headers, group } = value as Record<string, unknown>;
  if (![id, topic, body, group].every((text) => typeof text === "string")) return false;
  return (
    typeof headers === "object" && headers !== null && Object.values(headers).every((text) => typeof text === "string")
  );
}

function fromHeaders(record: InboundRecord, group: string): DeadLetter {
  const dead = (name: string): string | undefined => record.headers[`${prefix}${name}`];
  return {
    id: record.id ?? "",
    topic: dead("topic") ?? record.topic ?? record.address,
    key: record.key,
    headers: Object.fromEntries(Object.entries(record.headers).filter(([name]) => !name.startsWith(prefix))),
    body: record.body,
    contentType: dead("untyped") === "true" ? undefined : record.contentType,
    timestamp: record.timestamp ?? 0,
    group: dead("group") ?? group,
    filter: dead("filter") ?? "",
    reason: (dead("reason") ?? "rejected") as DeathReason,
    error: dead("error") ?? "",
    attempts: Number(dead("attempts") ?? 0),
    deadAt: Number(dead("at") ?? 0),
    ...(dead("broker") === undefined ? undefined : { broker: dead("broker") }),
  };
}

/** Printable ASCII within bounds: an error's text is anybody's, and headers are not. */
function printable(text: string, maxLength: number): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(0, maxLength);
}
