import { InvalidArgumentError, reservedToken, tokenEscaping } from "@busbar/core/driver";

/**
 * Levels of MQTT topics and tokens of bus topics. Legal in a level is what every server takes (MQTT 5.0 §1.5.4, §4.7.1): no
 * separator, no wildcard, no control character, no half of a surrogate pair. Levels that begin with `$`
 * and empty levels are ordinary here: `$SYS/a` is `_x24_SYS.a`, `/a` is `_x0_.a`.
 */
const levels = tokenEscaping((character) => !illegalInLevel.test(character));
const illegalInLevel = /[/+#\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** How many topics are remembered each way. */
const mostRemembered = 1_000;

/** The MQTT topic of a concrete bus topic. The inverse of `toBusTopic`. */
export const toMqttTopic: (topic: string) => string = remembering((topic) => mapParts(topic, ".", "/", levels.toName));

/** The bus topic of an MQTT topic, whoever published to it. The inverse of `toMqttTopic`. */
export const toBusTopic: (topic: string) => string = remembering((topic) => mapParts(topic, "/", ".", levels.toToken));

/** Remembers what came out, because a service uses the same topics again and again. Bounded, since others may make them up. */
function remembering(map: (topic: string) => string): (topic: string) => string {
  const known = new Map<string, string>();
  return (topic) => {
    let mapped = known.get(topic);
    if (mapped === undefined) {
      mapped = map(topic);
      if (known.size >= mostRemembered) known.clear();
      known.set(topic, mapped);
    }
    return mapped;
  };
}

function mapParts(text: string, from: string, to: string, map: (part: string) => string): string {
  return text.includes(from) ? text.split(from).map(map).join(to) : map(text);
}

/**
 * The MQTT filter of a bus filter: `*` is `+`, `**` (one or more) is `+/#`. With a group it is a shared subscription
 * (MQTT 5.0 §4.8.2) that shares with every other client that names the same group and filter.
 *
 * @throws InvalidArgumentError when the group cannot be a share name, or the first level would be read as a shared subscription.
 */
export function toMqttFilter(filter: string, group?: string): string {
  const native = filter
    .split(".")
    .map((token) => (token === "*" ? "+" : token === "**" ? "+/#" : levels.toName(token)))
    .join("/");
  if (/^\$(share|queue)(\/|$)/.test(native)) {
    throw new InvalidArgumentError(
      `Filter "${filter}" is "${native}" on MQTT, which means a shared subscription there; use the option group instead.`,
      { topic: filter },
    );
  }
  return group === undefined ? native : `$share/${shareName(group, filter)}/${native}`;
}

function shareName(group: string, filter: string): string {
  if (group !== "" && !illegalInLevel.test(group)) return group;
  throw new InvalidArgumentError(
    `Group ${JSON.stringify(group)} cannot be a share name on MQTT; it must not be empty nor have "/", "+", "#" or control characters.`,
    { topic: filter },
  );
}

const reservedPrefix = `${reservedToken}/`;

/** Tells whether a bus topic or filter asks for what belongs to the bus itself: requests, answers and dead letters. */
export function isReserved(filter: string): boolean {
  return filter === reservedToken || filter.startsWith(`${reservedToken}.`);
}

/**
 * Tells whether an MQTT topic belongs to the bus itself while the filter does not ask for such: a filter that begins with
 * a wildcard receives the bus's dead letters at every subscribe, and must not hand them out.
 */
export function isReservedFor(filter: string, mqttTopic: string): boolean {
  return mqttTopic.startsWith(reservedPrefix) && !isReserved(filter);
}

/** Where the dead letters of a group lie: `_busbar/dlq/<group>/<slot>`, or with `+` for all of them. */
export function deadLetterTopic(group: string, slot: string): string {
  return `${reservedToken}/dlq/${levels.toToken(group)}/${slot}`;
}
