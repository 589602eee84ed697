import type { Codecs, EncodedPayload } from "../codec/codec-registry.ts";
import type { OutboundRecord } from "../contract/index.ts";
import { isPositiveDuration, longestMs } from "../driver/duration.ts";
import { unknownKeyProblems } from "../driver/known-keys.ts";
import { BusError, InvalidArgumentError, PayloadError, RefusedError, UnsupportedError } from "../errors.ts";
import type { Topic } from "../topic/typed-topic.ts";
import type { BrokerLink } from "./broker-link.ts";
import { unmetPublishNeeds } from "./needs.ts";
import type { PublishOptions, RequestOptions } from "./options.ts";
import { PublishedRecord } from "./published-record.ts";
import { sentenceOf } from "./sentence.ts";

/** How long a publish may take unless it is told otherwise, in milliseconds. */
export const defaultTimeoutMs = 30_000;

/** Every option of a publish. */
const known = [
  "params",
  "key",
  "headers",
  "id",
  "contentType",
  "delivery",
  "retain",
  "expiresInMs",
  "delayMs",
  "priority",
  "timeoutMs",
  "requireSubscriber",
  "broker",
  "signal",
];

const keyProblem = "key is not a text of 1 to 1024 characters without a lone surrogate";

/** Those that a request honours. */
const knownOfRequest = ["key", "headers", "contentType", "timeoutMs", "broker", "signal"];

/** Throws an `InvalidArgumentError` that lists everything malformed in the options of a publish. */
export function checkPublishOptions(topic: string, options: PublishOptions): void {
  check("publish", topic, options, known);
}

/** The same for those of a request, of which there are fewer. */
export function checkRequestOptions(topic: string, options: RequestOptions): void {
  check("request", topic, options, knownOfRequest);
}

function check(call: string, topic: string, options: PublishOptions, allowed: readonly string[]): void {
  const { key, id, delivery, timeoutMs, expiresInMs, delayMs, retain, requireSubscriber, priority, signal } = options;
  if (
    hasOnlyKeys(options, allowed) &&
    (key === undefined || isKey(key)) &&
    (id === undefined || isId(id)) &&
    (delivery === undefined || isDelivery(delivery)) &&
    (timeoutMs === undefined || isPositiveDuration(timeoutMs)) &&
    (expiresInMs === undefined || isPositive(expiresInMs)) &&
    (delayMs === undefined || isPositive(delayMs)) &&
    (retain === undefined || isFlag(retain)) &&
    (requireSubscriber === undefined || (isFlag(requireSubscriber) && !(requireSubscriber && delayMs !== undefined))) &&
    (priority === undefined || isPriority(priority)) &&
    (signal === undefined || signal instanceof AbortSignal)
  )
    return;
  throw new InvalidArgumentError(`${call}("${topic}"): ${sentenceOf(problemsOf(options, allowed))}`, { topic });
}

/** Only for what is malformed: a publish has no time for lists. */
function problemsOf(options: PublishOptions, allowed: readonly string[]): string[] {
  const problems = unknownKeyProblems(options, allowed, "");
  const { key, id, delivery, timeoutMs, expiresInMs, delayMs, retain, requireSubscriber, priority, signal } = options;
  if (key !== undefined && !isKey(key)) problems.push(keyProblem);
  if (id !== undefined && !isId(id)) problems.push("id is not 1 to 128 printable characters without spaces");
  if (delivery !== undefined && !isDelivery(delivery))
    problems.push('delivery is neither "at-least-once" nor "at-most-once"');
  if (timeoutMs !== undefined && !isPositiveDuration(timeoutMs))
    problems.push(`timeoutMs is not a positive number of milliseconds up to ${longestMs}`);
  for (const [name, value] of Object.entries({ expiresInMs, delayMs }))
    if (value !== undefined && !isPositive(value)) problems.push(`${name} is not a positive number of milliseconds`);
  for (const [name, value] of Object.entries({ retain, requireSubscriber }))
    if (value !== undefined && !isFlag(value)) problems.push(`${name} is neither true nor false`);
  if (requireSubscriber === true && delayMs !== undefined)
    problems.push("requireSubscriber cannot be kept with delayMs, since nobody knows who will be there by then");
  if (priority !== undefined && !isPriority(priority)) problems.push("priority is not a whole number from 0 to 255");
  if (signal !== undefined && !(signal instanceof AbortSignal)) problems.push("signal is not an AbortSignal");
  return problems;
}

/**
 * Makes the record of a publish. Throws, before anything is sent, for a payload that cannot be encoded, for what the broker does not do or
 * cannot carry, and for a body that is larger than it takes.
 */
export function outgoingRecord(
  topic: string,
  payload: unknown,
  key: string | undefined,
  options: PublishOptions,
  link: BrokerLink,
  codecs: Codecs,
): OutboundRecord {
  const delivery = options.delivery ?? link.settings.publish.delivery ?? "at-least-once";
  const needs = unmetPublishNeeds(topic, options, delivery, link.supports);
  if (needs.length > 0) throw new UnsupportedError(needs, { topic, broker: link.name });
  const { body, contentType } = encoded(topic, payload, options, link, codecs);
  assertFits(body, `publish("${topic}")`, topic, link);
  return new PublishedRecord(topic, body, contentType, key, delivery, options);
}

/** Throws a `RefusedError` for a body that is larger than the broker takes, as far as it tells. */
export function assertFits(body: Uint8Array, call: string, topic: string, link: BrokerLink): void {
  const limit = link.effective?.limits.maxBodyBytes;
  if (limit === undefined || body.byteLength <= limit) return;
  throw new RefusedError(
    `${call}: the body has ${body.byteLength} bytes, broker "${link.name}" takes ${limit}; send less, or raise its limit.`,
    { code: "BUSBAR_TOO_LARGE", topic, broker: link.name },
  );
}

/** The key that a typed topic makes of a payload. That may be anything, and the key with it. */
export function keyOf(topic: Topic, payload: unknown, name: string): string | undefined {
  const key = topic.key?.(payload);
  if (key === undefined || isKey(key)) return key;
  throw new InvalidArgumentError(`publish("${name}"): ${keyProblem}.`, { topic: name });
}

/** A codec knows neither topic nor broker, and whoever reads its refusal wants to. */
function encoded(
  topic: string,
  payload: unknown,
  { contentType }: PublishOptions,
  link: BrokerLink,
  codecs: Codecs,
): EncodedPayload {
  try {
    return codecs.encode(payload, contentType);
  } catch (error) {
    if (!BusError.is(error))
      throw new PayloadError("BUSBAR_CODEC", `publish("${topic}"): the payload throws when it is read.`, {
        topic,
        broker: link.name,
        cause: error,
      });
    const message = `publish("${topic}"): ${error.message}`;
    const details = { topic, broker: link.name, cause: error };
    if (error.code === "BUSBAR_INVALID_ARGUMENT") throw new InvalidArgumentError(message, details);
    if (error.code === "BUSBAR_CODEC" || error.code === "BUSBAR_VALIDATION")
      throw new PayloadError(error.code, message, details);
    throw error;
  }
}

/** A record on its way to a fold's target is keyed by its topic where it has no key, so that each topic keeps its order. */
export function folded(record: OutboundRecord, address: string): OutboundRecord {
  return address === record.topic ? record : { ...record, address, key: record.key ?? record.topic };
}

function hasOnlyKeys(options: object, allowed: readonly string[]): boolean {
  for (const name of Object.keys(options)) if (!allowed.includes(name)) return false;
  return true;
}

function isKey(key: unknown): boolean {
  // A lone surrogate has no bytes: brokers carry another character for it, so two keys would become one.
  return typeof key === "string" && key !== "" && key.length <= 1024 && !/\p{Cs}/u.test(key);
}

function isId(id: unknown): boolean {
  return typeof id === "string" && /^[\x21-\x7e]{1,128}$/.test(id);
}

function isDelivery(delivery: unknown): boolean {
  return delivery === "at-least-once" || delivery === "at-most-once";
}

function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

function isPriority(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}

/** For what the broker waits for, and no timer of this process. */
function isPositive(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) > 0;
}
