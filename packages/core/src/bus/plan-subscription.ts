import type { StandardSchemaV1 } from "@standard-schema/spec";
import { messageId } from "../delivery/message-id.ts";
import type { InboundRecord, SubscribeRequest } from "../contract/index.ts";
import { Intake } from "../delivery/intake.ts";
import type { Handler } from "../delivery/message.ts";
import type { SubscribeOptions } from "../delivery/options.ts";
import { ConfigError } from "../errors.ts";
import type { UnmetNeed } from "../errors.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { BrokerLink } from "./broker-link.ts";
import { memberName, nativeName } from "./broker-name.ts";
import { undertaker } from "./bury.ts";
import type { PlanContext } from "./plan-context.ts";
import { unmetSubscribeNeeds } from "./needs.ts";
import { graceMs } from "./grace.ts";
import { topicOf } from "./routing.ts";
import type { Routing, Source } from "./routing.ts";
import type { BusSettings } from "./settings.ts";
import { resolveSubscribeOptions } from "./subscribe-options.ts";
import type { ResolvedSubscribeOptions } from "./subscribe-options.ts";
import type { SubscriptionSource } from "./subscription.ts";
import { validated } from "./validate.ts";

/** A subscription before it is made: where it reads, and what is missing there. */
export interface SubscriptionPlan {
  readonly filter: ParsedFilter;
  readonly options: ResolvedSubscribeOptions;
  readonly sources: readonly SubscriptionSource[];
  /** The names of its brokers, for messages. */
  readonly brokers: string;
  readonly needs: readonly UnmetNeed[];
  intake(handler: Handler): Intake;
}

/** Works out what a subscription comes down to. The drivers of its brokers must be loaded. */
export function planSubscription(
  filter: ParsedFilter,
  schema: StandardSchemaV1 | undefined,
  given: SubscribeOptions,
  context: PlanContext,
): SubscriptionPlan {
  const { settings, routing, codecs, sweep } = context;
  const options = resolveSubscribeOptions(filter, given, settings.policies);
  const unmet = (link: BrokerLink): UnmetNeed[] => [
    ...unmetSubscribeNeeds(filter, { ...options, broker: link.name }, link.supports),
    ...holdNeeds(link, filter, options),
  ];
  const sources = routing.sourcesOf(filter, options.broker).map((source, index): SubscriptionSource => {
    const link = context.link(source.broker);
    return {
      link,
      request: requestOf(source, filter, options, settings),
      intake: {
        prefix: index === 0 ? "" : `${index}/`,
        broker: source.broker,
        topicOf: (record) => topicOf(record, link.settings.folds),
      },
      unmet: () => unmet(link),
    };
  });
  const links = [...new Set(sources.map(({ link }) => link))];
  for (const link of links) checkInstance(link, filter, options, settings);
  const decode = (record: InboundRecord, topic: string): unknown => {
    const payload = codecs.decode(record.body, record.contentType);
    return schema === undefined ? payload : validated(schema, payload, topic);
  };
  return {
    filter,
    options,
    sources,
    brokers: links.map((link) => link.name).join(", "),
    needs: [...links.flatMap(unmet), ...deadLetterNeeds(filter, options, context)],
    intake: (handler) =>
      new Intake({
        filter,
        concurrency: options.concurrency,
        order: options.order,
        retry: options.retry,
        maxDeliveries: options.maxDeliveries,
        handlerTimeoutMs: options.handlerTimeoutMs,
        atMostOnce: options.delivery === "at-most-once",
        manual: options.settle === "manual",
        maxInFlight: options.maxInFlight,
        maxHoldMs: () => Math.min(...links.map((link) => link.effective?.limits.maxHoldMs ?? Number.POSITIVE_INFINITY)),
        sweep,
        decode,
        handle: handler,
        bury: undertaker(filter, options, context),
        warn: (text) => settings.logger.warn(text),
      }),
  };
}

function requestOf(
  source: Source,
  filter: ParsedFilter,
  options: ResolvedSubscribeOptions,
  { service, instance }: BusSettings,
): SubscribeRequest {
  const { group, durable } = options;
  const elsewhere = source.filter === filter.canonical ? [] : [source.filter];
  const owner = group === undefined ? [service, instance] : [group];
  const name = nativeName(
    ...owner,
    filter.canonical,
    ...elsewhere,
    ...(durable || group !== undefined ? [] : [messageId()]),
  );
  return {
    filter: source.filter,
    // On a fold's target groups of different filters would compete for the same messages.
    ...(group === undefined ? {} : { group: elsewhere.length === 0 ? group : name }),
    name,
    member: memberName(service, instance),
    durable,
    delivery: options.delivery,
    startFrom: options.startFrom,
    maxInFlight: options.maxInFlight,
    graceMs,
  };
}

/** The brokers of which it was said that the instance needs a name: once for each is enough. */
const warned = new WeakSet<BrokerLink>();

/** A durable subscription that the broker knows by its member's name needs a name that stays. */
function checkInstance(
  link: BrokerLink,
  filter: ParsedFilter,
  options: ResolvedSubscribeOptions,
  settings: BusSettings,
): void {
  const named = link.supports.memberNames !== "unsupported" || options.group === undefined;
  if (!options.durable || settings.instanceGiven || !named) return;
  const text = `Subscription "${filter.canonical}" on broker "${link.name}" is durable and known there by this process's name; set "instance" (or BUSBAR_INSTANCE) to one that stays the same over restarts and is different for each replica`;
  if (settings.production) throw new ConfigError([`${text}.`], { broker: link.name, topic: filter.canonical });
  if (warned.has(link)) return;
  warned.add(link);
  settings.logger.warn(`${text}; for now it is "${settings.instance}".`);
}

/** What would keep a message for longer than its broker lets it be kept: then another member has it too. */
function holdNeeds(
  link: BrokerLink,
  filter: ParsedFilter,
  { retry, handlerTimeoutMs, delivery, order, startFrom }: ResolvedSubscribeOptions,
): UnmetNeed[] {
  const limit = link.effective?.limits.maxHoldMs;
  if (limit === undefined || delivery === "at-most-once") return [];
  const subject = `subscribe("${filter.canonical}")`;
  const needs: UnmetNeed[] = [];
  if (handlerTimeoutMs > limit)
    needs.push({
      subject,
      detail: `handlerTimeoutMs is more than the ${limit} ms that the broker lets a message be held; use a shorter one.`,
    });
  // Without an order the broker may hold what has to wait, but for what is read from a log, which takes nothing back.
  const leaves = order === "none" && startFrom === "new" && link.supports.delayedRelease === "native";
  if (leaves) return needs;
  let total = 0;
  for (let attempt = 1; attempt < retry.attempts && total <= limit; attempt++)
    total += Math.min(retry.backoffMs * retry.factor ** (attempt - 1), retry.maxBackoffMs) * (1 + retry.jitter);
  if (total > limit)
    needs.push({
      subject,
      detail: `the waits of its retry policy add up to more than the ${limit} ms that the broker lets a message be held; use fewer attempts or shorter waits${link.supports.delayedRelease === "native" ? ', or order: "none", with which the broker holds what waits' : ""}.`,
    });
  return needs;
}

/** A broker that is named for dead letters must be able to keep them. */
function deadLetterNeeds(
  filter: ParsedFilter,
  { deadLetter }: ResolvedSubscribeOptions,
  { link, routing }: PlanContext,
): UnmetNeed[] {
  const name = deadLetterBroker(deadLetter, routing);
  if (name === undefined) return [];
  const target = link(name);
  const capability = typeof deadLetter === "object" && deadLetter.topic !== undefined ? "atLeastOnce" : "deadLetters";
  if (target.supports[capability] !== "unsupported") return [];
  return [
    {
      capability,
      subject: `subscribe("${filter.canonical}")`,
      detail: `broker "${target.name}", which its deadLetter leads to, cannot keep dead letters; name another.`,
    },
  ];
}

/** The broker that `deadLetter` leads to, where it says more than the default. */
function deadLetterBroker(deadLetter: SubscribeOptions["deadLetter"], routing: Routing): string | undefined {
  if (deadLetter === undefined || deadLetter === false) return undefined;
  if (deadLetter.topic !== undefined) return routing.brokerOf(deadLetter.topic, deadLetter.broker).name;
  return deadLetter.broker === undefined ? undefined : routing.named(deadLetter.broker).name;
}
