import type { Capabilities, CapabilityName, DeliveryGuarantee } from "../contract/index.ts";
import type { UnmetNeed } from "../errors.ts";
import type { SubscribeOptions } from "../delivery/options.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { PublishOptions } from "./options.ts";
import type { BusSettings } from "./settings.ts";

/** A need: the capability it comes down to, and what to say when it is not met. */
type Need = readonly [capability: CapabilityName, detail: string];

/** What a subscription needs of its broker and does not get there. */
export function unmetSubscribeNeeds(
  filter: ParsedFilter,
  options: SubscribeOptions & { readonly durable: boolean; readonly broker: string },
  supports: Capabilities,
): UnmetNeed[] {
  const atMostOnce = options.delivery === "at-most-once";
  const needs: Need[] = [
    atMostOnce
      ? ["atMostOnce", 'it has no "at-most-once" delivery; leave the option out.']
      : ["atLeastOnce", 'it has no "at-least-once" delivery; ask for "at-most-once" or change the broker.'],
    options.group === undefined
      ? ["broadcast", "it cannot give every subscriber each message; name a group."]
      : ["groups", "it has no consumer groups; leave the group out, or change the broker."],
  ];
  if (filter.tokens.some((token) => token === "*" || token === "**"))
    needs.push(["wildcards", "it has no wildcards; subscribe to each topic."]);
  if (options.durable)
    needs.push(["durable", "it keeps nothing for who is away; set durable: false, or change the broker."]);
  if (options.startFrom === "earliest")
    needs.push(["startFromEarliest", 'it keeps no messages from before; leave startFrom out, or set it to "new".']);
  if (!atMostOnce && options.maxDeliveries !== undefined)
    needs.push(["deliveryCount", "it does not count how often it delivers a message; leave maxDeliveries out."]);
  if (!atMostOnce && buriesHere(options.deadLetter, options.broker))
    needs.push([
      "deadLetters",
      "it cannot keep dead letters; set deadLetter: { broker } to one that can, or deadLetter: false.",
    ]);
  return [
    ...unmet(`subscribe("${filter.canonical}")`, needs, supports),
    ...unmetRequirements(`subscribe("${filter.canonical}")`, options.requires, supports),
  ];
}

/** Tells whether the dead letters of a subscription go to the store of the broker that it is on. */
function buriesHere(deadLetter: SubscribeOptions["deadLetter"], broker: string): boolean {
  if (deadLetter === false || deadLetter?.topic !== undefined) return false;
  return deadLetter?.broker === undefined || deadLetter.broker === broker;
}

/** What somebody says outright that the broker must be able to do, and what it cannot. An unknown name is never met. */
export function unmetRequirements(
  subject: string,
  requires: readonly CapabilityName[] | undefined,
  supports: Capabilities,
): UnmetNeed[] {
  return (requires ?? [])
    .filter((capability) => (supports[capability] ?? "unsupported") === "unsupported")
    .map((capability) => ({
      capability,
      subject,
      detail:
        capability in supports
          ? `it requires "${capability}", which the broker does not have.`
          : `it requires "${capability}", which is no capability; there are ${Object.keys(supports).join(", ")}.`,
    }));
}

/** What the options of a publish can ask for, and what to say when it is not there. */
const publishNeeds: readonly {
  readonly capability: CapabilityName;
  readonly isAsked: (options: PublishOptions, delivery: DeliveryGuarantee) => boolean;
  readonly detail: string;
}[] = [
  {
    capability: "atLeastOnce",
    isAsked: (_options, delivery) => delivery === "at-least-once",
    detail: 'it has no "at-least-once" delivery; ask for "at-most-once" or change the broker.',
  },
  {
    capability: "atMostOnce",
    isAsked: (_options, delivery) => delivery === "at-most-once",
    detail: 'it has no "at-most-once" delivery; leave the option out.',
  },
  {
    capability: "headers",
    isAsked: ({ headers }) => headers !== undefined && Object.keys(headers).length > 0,
    detail: "it has no headers; leave them out, or change the broker.",
  },
  {
    capability: "retain",
    isAsked: ({ retain }) => retain === true,
    detail: "it keeps no last values; leave retain out.",
  },
  {
    capability: "expiry",
    isAsked: ({ expiresInMs }) => expiresInMs !== undefined,
    detail: "its messages do not expire; leave expiresInMs out.",
  },
  {
    capability: "delay",
    isAsked: ({ delayMs }) => delayMs !== undefined,
    detail: "it does not delay messages; leave delayMs out.",
  },
  {
    capability: "priority",
    isAsked: ({ priority }) => priority !== undefined,
    detail: "it has no priorities; leave priority out.",
  },
  {
    capability: "routing",
    isAsked: ({ requireSubscriber }) => requireSubscriber === true,
    detail: "it cannot tell whether anybody is subscribed; leave requireSubscriber out.",
  },
];

/** What a publish may ask for in vain, for each broker: with most that is little, and a publish has no time to look through all of it. */
const vainNeeds = new WeakMap<Capabilities, typeof publishNeeds>();

function vainNeedsOf(supports: Capabilities): typeof publishNeeds {
  let needs = vainNeeds.get(supports);
  if (needs === undefined) {
    needs = publishNeeds.filter(({ capability }) => supports[capability] === "unsupported");
    vainNeeds.set(supports, needs);
  }
  return needs;
}

const nothing: readonly UnmetNeed[] = [];

/** What a publish needs of its broker and does not get there. Makes a list only where there is something to put in it. */
export function unmetPublishNeeds(
  topic: string,
  options: PublishOptions,
  delivery: DeliveryGuarantee,
  supports: Capabilities,
): readonly UnmetNeed[] {
  let unmetNeeds = nothing;
  for (const { capability, isAsked, detail } of vainNeedsOf(supports))
    if (isAsked(options, delivery))
      unmetNeeds = [...unmetNeeds, { capability, subject: `publish("${topic}")`, detail }];
  return unmetNeeds;
}

/** What the configuration states outright and a broker does not give: known once the brokers are open, before anybody subscribes. */
export function unmetConfigNeeds(
  { brokers, policies }: Pick<BusSettings, "brokers" | "policies">,
  supports: (broker: string) => Capabilities,
): UnmetNeed[] {
  const folding = brokers.flatMap(({ name, folds }) => {
    const needs: Need[] = [
      ["headers", `broker "${name}" has no place for the topic of a folded message; leave fold out.`],
    ];
    return folds.length === 0 ? [] : unmet(`brokers.${name}.fold`, needs, supports(name));
  });
  const publishing = brokers.flatMap(({ name, publish: { delivery } }) => {
    const needs: Need[] = [
      ["atMostOnce", `broker "${name}" has no "at-most-once" delivery; leave publish.delivery out.`],
    ];
    return delivery === "at-most-once" ? unmet(`brokers.${name}.publish`, needs, supports(name)) : [];
  });
  const burying = policies.flatMap(({ pattern, options: { deadLetter } }) => {
    if (deadLetter === undefined || deadLetter === false || deadLetter.broker === undefined) return [];
    const capability = deadLetter.topic === undefined ? "deadLetters" : "atLeastOnce";
    const needs: Need[] = [[capability, `broker "${deadLetter.broker}" cannot keep dead letters; name another.`]];
    return unmet(`policies["${pattern.canonical}"].deadLetter`, needs, supports(deadLetter.broker));
  });
  return [...folding, ...publishing, ...burying];
}

/** What requests need of a broker and do not get there. */
export function unmetRequestNeeds(subject: string, supports: Capabilities): UnmetNeed[] {
  return unmet(
    subject,
    [
      ["replies", "it has no requests and answers; publish and subscribe instead, or name a broker that has."],
      ["atMostOnce", "it has no at-most-once delivery, which requests travel by."],
    ],
    supports,
  );
}

function unmet(subject: string, needs: readonly Need[], supports: Capabilities): UnmetNeed[] {
  return needs
    .filter(([capability]) => supports[capability] === "unsupported")
    .map(([capability, detail]) => ({ capability, subject, detail }));
}
