import {
  isPositiveDuration,
  matches,
  mustBePositiveDuration,
  parseCheckedFilter,
  topicProblem,
  unknownKeyProblems,
} from "@busbar/core/driver";

/** The kinds of exchange that RabbitMQ has without a plugin. */
export type ExchangeType = "topic" | "direct" | "fanout" | "headers";

/** A queue of somebody else's that a subscription reads. */
export interface AdoptedQueueOptions {
  /** The filter of the subscription, as it is written where it subscribes. */
  readonly filter: string;
  /** The group of the subscription. Absent: it has none. */
  readonly group?: string | undefined;
  /** The name of the queue. It is never declared, bound or deleted. */
  readonly queue: string;
  /**
   * The topic that its messages are handed over under, which has to fit the filter, where their routing keys do not tell.
   *
   * @default their routing key
   */
  readonly topic?: string | undefined;
}

/** A stream that keeps what was published, for who comes later. */
export interface StreamOptions {
  /** What it takes of the exchange, as a filter of the bus. */
  readonly filter: string;
  /** Its name. */
  readonly queue: string;
  /** How long it keeps a message at least, in milliseconds, rounded up to seconds. Fixed with the stream. @default 604_800_000, seven days */
  readonly maxAgeMs?: number | undefined;
  /** How large it may become, in bytes, before it drops the oldest. Fixed with the stream. @default no bound */
  readonly maxBytes?: number | undefined;
}

/** What only RabbitMQ has. */
export interface AmqpNativeOptions {
  /**
   * The exchange that messages are published to and that queues are bound to. Another than the default is adopted as it is
   * when it exists; with `topology: "create"` a missing one is declared durable, of `exchangeType`.
   *
   * @default "amq.topic"
   */
  readonly exchange?: string | undefined;
  /**
   * What kind of exchange that is; one that exists with another is refused. With `direct` there are no wildcards. `fanout` and `headers` give every
   * subscription each message, of which the driver drops what does not fit its filter.
   *
   * @default "topic", unchecked where the exchange exists
   */
  readonly exchangeType?: ExchangeType | undefined;
  /**
   * The kind of queue behind a group or a durable subscription. A `classic` one counts no deliveries and is not replicated.
   * Changing it for a queue that exists is refused by the broker: remove the subscription first.
   *
   * @default "quorum"
   */
  readonly queueType?: "quorum" | "classic" | undefined;
  /**
   * The highest priority that queues tell apart, 1 to 255, with `queueType: "classic"` only; each level costs the broker some memory, so 10 is plenty.
   * Fixed with the queue, like its type.
   *
   * @default no priorities
   */
  readonly maxPriority?: number | undefined;
  /**
   * The most messages that wait in the queue of a group or a durable subscription. A full queue refuses publishes with a `CapacityError`; none is dropped.
   * Fixed with the queue, like its type: a policy of the operator can be changed.
   *
   * @default no bound
   */
  readonly maxLength?: number | undefined;
  /**
   * Queues of somebody else's that subscriptions read instead of one that the bus makes.
   *
   * @default none
   */
  readonly queues?: readonly AdoptedQueueOptions[] | undefined;
  /**
   * Streams that keep what is published, for subscriptions with `startFrom: "earliest"` that have no group and are not durable. With `topology: "create"` a
   * missing one is declared and bound when the bus connects.
   *
   * @default none
   */
  readonly streams?: readonly StreamOptions[] | undefined;
  /**
   * Whether answers to this process's requests come without a queue (RabbitMQ, "Direct Reply-to"), which costs the broker least, and lets any client of
   * RabbitMQ answer. Answers that are on their way when the connection is lost are lost with it.
   *
   * @default false
   */
  readonly directReplyTo?: boolean | undefined;
  /**
   * How this process proves who it is (SASL): with user name and password, or with the client certificate under `tls`, which takes `amqps:` and on the
   * server the plugin `rabbitmq_auth_mechanism_ssl`.
   *
   * @default "plain"
   */
  readonly saslMechanism?: "plain" | "external" | undefined;
  /**
   * After how long without a sign of life a connection is taken for dead by the broker or, within three times as long, by
   * the client; in milliseconds, rounded up to whole seconds. The broker may ask for less.
   *
   * @default 10_000
   */
  readonly heartbeatMs?: number | undefined;
  /**
   * How long the server lets a message stay unacknowledged, in milliseconds: its `consumer_timeout`, which it does not tell. Set it when the operator has set that.
   *
   * @default 1_800_000, 30 minutes, as RabbitMQ has it
   */
  readonly consumerTimeoutMs?: number | undefined;
}

/** The native options, with every default filled in. */
export interface NativeSettings {
  readonly exchange: string;
  readonly exchangeType: ExchangeType | undefined;
  readonly queueType: "quorum" | "classic";
  readonly maxPriority: number | undefined;
  readonly maxLength: number | undefined;
  readonly queues: readonly AdoptedQueueOptions[];
  readonly streams: readonly (StreamOptions & { readonly maxAgeMs: number })[];
  readonly directReplyTo: boolean;
  readonly saslMechanism: "plain" | "external";
  readonly heartbeatSeconds: number;
  readonly consumerTimeoutMs: number;
}

/** The names of the native options. */
export const knownNative: readonly string[] = [
  "exchange",
  "exchangeType",
  "queueType",
  "maxPriority",
  "maxLength",
  "queues",
  "streams",
  "directReplyTo",
  "saslMechanism",
  "heartbeatMs",
  "consumerTimeoutMs",
];

/** How long a stream keeps a message unless it says otherwise. */
const weekMs = 604_800_000;

/** AMQP says it in seconds, in two bytes. */
const longestHeartbeatMs = 65_535_000;

const exchangeTypes: readonly unknown[] = ["topic", "direct", "fanout", "headers"];

/** The longest name of an exchange: those of the exchanges and queues for delays are made of it, and have 255 bytes. */
const maxExchangeBytes = 220;

/** Fills in the defaults, and adds to `problems` what is wrong. */
export function nativeSettings(native: AmqpNativeOptions, problems: string[]): NativeSettings {
  const { exchange = "amq.topic", exchangeType, queueType = "quorum", heartbeatMs = 10_000 } = native;
  const { maxPriority, maxLength, queues = [], streams = [], directReplyTo = false, saslMechanism = "plain" } = native;
  const { consumerTimeoutMs = 1_800_000 } = native;
  const must = (holds: boolean, problem: string): void => void (holds || problems.push(`native.${problem}`));
  must(
    isName(exchange) && Buffer.byteLength(exchange) <= maxExchangeBytes,
    `exchange: must be the name of an exchange, at most ${maxExchangeBytes} bytes`,
  );
  must(
    exchangeType === undefined || exchangeTypes.includes(exchangeType),
    'exchangeType: must be "topic", "direct", "fanout" or "headers"',
  );
  must(queueType === "quorum" || queueType === "classic", 'queueType: must be "quorum" or "classic"');
  must(maxPriority === undefined || isWhole(maxPriority, 255), "maxPriority: must be a whole number from 1 to 255");
  must(
    maxPriority === undefined || queueType === "classic",
    'maxPriority: quorum queues have no priorities; set queueType to "classic"',
  );
  must(
    maxLength === undefined || isWhole(maxLength, Number.MAX_SAFE_INTEGER),
    "maxLength: must be a whole number above 0",
  );
  must(typeof directReplyTo === "boolean", "directReplyTo: must be true or false");
  must(saslMechanism === "plain" || saslMechanism === "external", 'saslMechanism: must be "plain" or "external"');
  must(
    isPositive(heartbeatMs) && heartbeatMs <= longestHeartbeatMs,
    `heartbeatMs: must be a number of milliseconds above 0, up to ${longestHeartbeatMs}`,
  );
  must(isPositiveDuration(consumerTimeoutMs), `consumerTimeoutMs: ${mustBePositiveDuration}`);
  if (Array.isArray(queues)) checkQueues(queues, problems);
  else problems.push("native.queues: must be a list of { filter, group, queue }");
  if (Array.isArray(streams)) checkStreams(streams, problems);
  else problems.push("native.streams: must be a list of { filter, queue }");
  return {
    exchange,
    exchangeType,
    queueType,
    maxPriority,
    maxLength,
    queues,
    streams: Array.isArray(streams)
      ? streams.map((stream) => ({ ...stream, maxAgeMs: stream.maxAgeMs ?? weekMs }))
      : [],
    directReplyTo,
    saslMechanism,
    heartbeatSeconds: Math.ceil(heartbeatMs / 1000),
    consumerTimeoutMs,
  };
}

function checkQueues(queues: readonly unknown[], problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, entry] of queues.entries()) {
    const path = `native.queues[${index}]`;
    const { filter, group, queue, topic, ...unknown } = (entry ?? {}) as Partial<Record<string, unknown>>;
    problems.push(...unknownKeyProblems(unknown, ["filter", "group", "queue", "topic"], path));
    if (!isName(filter)) problems.push(`${path}.filter: must be the filter of a subscription`);
    if (!isName(queue)) problems.push(`${path}.queue: must be the name of a queue`);
    if (group !== undefined && !isName(group)) problems.push(`${path}.group: must be the name of a group`);
    if (!isName(filter)) continue;
    const { canonical } = parseCheckedFilter(filter);
    if (
      topic !== undefined &&
      !(topicProblem(topic) === undefined && matches(parseCheckedFilter(filter), topic as string))
    )
      problems.push(`${path}.topic: must be a topic that fits the filter "${filter}"`);
    const subscription = JSON.stringify([canonical, group]);
    if (seen.has(subscription)) problems.push(`${path}: the subscription to "${filter}" has a queue already`);
    seen.add(subscription);
  }
}

function checkStreams(streams: readonly unknown[], problems: string[]): void {
  for (const [index, entry] of streams.entries()) {
    const path = `native.streams[${index}]`;
    const { filter, queue, maxAgeMs, maxBytes, ...unknown } = (entry ?? {}) as Partial<Record<string, unknown>>;
    problems.push(...unknownKeyProblems(unknown, ["filter", "queue", "maxAgeMs", "maxBytes"], path));
    if (!isName(filter)) problems.push(`${path}.filter: must be a filter`);
    if (!isName(queue)) problems.push(`${path}.queue: must be the name of a stream`);
    if (maxAgeMs !== undefined && !isPositive(maxAgeMs))
      problems.push(`${path}.maxAgeMs: must be a number of milliseconds above 0`);
    if (maxBytes !== undefined && !isWhole(maxBytes, Number.MAX_SAFE_INTEGER))
      problems.push(`${path}.maxBytes: must be a whole number above 0`);
  }
}

/** True for a text that is not empty. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** True for a number above 0. */
function isPositive(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
}
