import { messageId } from "../delivery/message-id.ts";
import { describe } from "../delivery/describe.ts";
import type { HandlerMessage } from "../delivery/handler-message.ts";
import { Intake } from "../delivery/intake.ts";
import type { Handler, Message } from "../delivery/message.ts";
import type { OrderMode } from "../delivery/options.ts";
import { unknownKeyProblems } from "../driver/known-keys.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { BrokerLink } from "./broker-link.ts";
import { memberName, nativeName } from "./broker-name.ts";
import { unmetRequestNeeds } from "./needs.ts";
import { graceMs } from "./grace.ts";
import { assertFits } from "./outgoing.ts";
import type { PlanContext } from "./plan-context.ts";
import { errorContentType, expiryOf, requestFilter, requestTopic, writeError } from "./request-wire.ts";
import { sentenceOf } from "./sentence.ts";
import { resolveSubscribeOptions } from "./subscribe-options.ts";
import type { SubscriptionSource } from "./subscription.ts";

/** What a responder can be asked for. */
export interface RespondOptions {
  /** Each request goes to one member of the group: 1 to 64 letters, digits, `_` or `-`. @default the service's name */
  readonly group?: string;
  /** Handlers running at the same time, 1 to 10,000. @default 16 */
  readonly concurrency?: number;
  /** Which requests may be handled at the same time. @default "key" */
  readonly order?: OrderMode;
  /**
   * A handler that runs longer is aborted, and the request is answered with a `TimeoutError`; what the handler gives later is no answer. In
   * milliseconds, more than 0. @default 300_000
   */
  readonly handlerTimeoutMs?: number;
  /** The name of the one broker in the configuration to listen on. @default every one whose `routes` the filter meets */
  readonly broker?: string;
  /** Closes the responder when it aborts. @default none */
  readonly signal?: AbortSignal;
}

const known = ["group", "concurrency", "order", "handlerTimeoutMs", "broker", "signal"];
const defaultConcurrency = 16;
/** How long an answer may take to be sent, in milliseconds: later nobody waits for it. */
const answerTimeoutMs = 30_000;

/** Whoever waits for an answer. */
type Asker = Pick<Message, "topic" | "replyTo" | "correlationId" | "broker">;

/** A responder before it subscribes: its sources, and what happens to a request. */
export interface ResponderPlan {
  readonly group: string;
  readonly maxInFlight: number;
  readonly sources: readonly SubscriptionSource[];
  readonly intake: Intake;
}

/**
 * Works out a responder. Requests are taken at most once: one that has expired is discarded and never executed late, one that fails is
 * answered with its error.
 */
export function planResponder(
  filter: ParsedFilter,
  options: RespondOptions,
  handler: Handler,
  links: readonly BrokerLink[],
  context: PlanContext,
): ResponderPlan {
  const { settings, codecs, sweep } = context;
  const { service, instance } = settings;
  const problems = unknownKeyProblems(options, known, "");
  if (problems.length > 0)
    throw new InvalidArgumentError(`respond("${filter.canonical}"): ${sentenceOf(problems)}`, {
      topic: filter.canonical,
    });
  const resolved = resolveSubscribeOptions(
    filter,
    { group: service, concurrency: defaultConcurrency, ...options, delivery: "at-most-once", durable: false },
    [],
  );
  const group = resolved.group ?? service;
  const sources = links.map((link, index): SubscriptionSource => ({
    link,
    request: {
      filter: requestFilter(filter),
      group,
      name: nativeName("rpc", group, filter.canonical),
      member: memberName(service, instance),
      durable: false,
      delivery: "at-most-once",
      startFrom: "new",
      maxInFlight: resolved.maxInFlight,
      graceMs,
    },
    intake: { prefix: index === 0 ? "" : `${index}/`, broker: link.name, topicOf: requestTopic },
    unmet: () => unmetRequestNeeds(`respond("${filter.canonical}")`, link.supports),
  }));
  const answer = async (to: Asker, body: Uint8Array, contentType: string): Promise<void> => {
    if (to.replyTo === undefined) return;
    const link = context.link(to.broker);
    assertFits(body, `The answer to "${to.topic}"`, to.topic, link);
    const id = messageId();
    await link.publishes.send(
      {
        address: to.replyTo,
        topic: to.replyTo,
        body,
        headers: {},
        id,
        timestamp: Date.now(),
        contentType,
        delivery: "at-most-once",
        sending: 1,
        publishToken: id,
        ...(to.correlationId === undefined ? undefined : { correlationId: to.correlationId }),
      },
      answerTimeoutMs,
      undefined,
    );
  };
  /** Never rejects: what happened to the request is the error, and not that nobody could be told. */
  const answerError = (to: Asker, error: unknown): Promise<void> =>
    answer(to, codecs.encode(writeError(error)).body, errorContentType).catch((failure: unknown) =>
      warn(`The request to "${to.topic}" could not be answered: ${describe(failure)}`),
    );
  const warn = (text: string): void => settings.logger.warn(text);
  return {
    group,
    maxInFlight: resolved.maxInFlight,
    sources,
    intake: new Intake({
      filter,
      concurrency: resolved.concurrency,
      order: resolved.order,
      retry: resolved.retry,
      handlerTimeoutMs: resolved.handlerTimeoutMs,
      atMostOnce: true,
      manual: false,
      maxInFlight: resolved.maxInFlight,
      maxHoldMs: () => Number.POSITIVE_INFINITY,
      sweep,
      decode: (record) => codecs.decode(record.body, record.contentType),
      handle: async (payload, message) => {
        if (expiryOf(message.correlationId) <= Date.now()) return;
        const running = (async () => handler(payload, message))();
        try {
          const { body, contentType } = codecs.encode((await unlessAborted(running, message)) ?? null);
          await answer(message, body, contentType);
        } catch (error) {
          await answerError(message, error);
          // One that was aborted keeps its slot until it ends, or more would run than were asked for; nobody waits for its result.
          await running.catch(() => undefined);
          throw error;
        }
      },
      bury: async ({ delivery: { record }, source }, _reason, error) => {
        warn(`A request to ${requestTopic(record)} cannot be read: ${describe(error)}`);
        await answerError(
          {
            topic: requestTopic(record),
            replyTo: record.replyTo,
            correlationId: record.correlationId,
            broker: source.broker,
          },
          error,
        );
        return "discarded";
      },
      warn,
    }),
  };
}

/** Settles as the work does, or rejects with the reason as soon as the run is aborted; the work itself goes on. */
function unlessAborted<Result>(work: Promise<Result>, run: HandlerMessage): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    run.onAbort = reject;
    work.then(resolve, reject);
  });
}
