import type { BrokerLimits, EffectiveCapabilities } from "@busbar/core/contract";
import type { RedisSettings } from "./options.ts";

/** The upper bound of what Redis Streams do for the bus, as literals. */
export const redisCapabilities = {
  atLeastOnce: "native",
  atMostOnce: "native",
  groups: "native",
  broadcast: "native",
  wildcards: "emulated",
  durable: "native",
  startFromEarliest: "native",
  headers: "native",
  emptyBody: "native",
  releaseOne: "emulated",
  delayedRelease: "unsupported",
  deliveryCount: "native",
  keyOrderAcrossMembers: "unsupported",
  atMostOnceBackPressure: "native",
  routing: "unsupported",
  publishDedupe: "unsupported",
  retain: "unsupported",
  expiry: "unsupported",
  delay: "unsupported",
  priority: "unsupported",
  deadLetters: "native",
  replies: "emulated",
  lag: "native",
  memberNames: "unsupported",
} as const;

/** The type of `redisCapabilities`. */
export type RedisCapabilities = typeof redisCapabilities;

/** What a server says of itself: the lines of `INFO`, and those settings that may be read. */
export interface ServerFacts {
  readonly info: ReadonlyMap<string, string>;
  /** `undefined` where `CONFIG GET` is not allowed. */
  readonly config: ReadonlyMap<string, string> | undefined;
}

/** What this server really does, by its own word and by the settings in use. */
export function effectiveCapabilities({ info, config }: ServerFacts, settings: RedisSettings): EffectiveCapabilities {
  const product = info.get("server_name") ?? "redis";
  const version = info.get(`${product}_version`) ?? info.get("redis_version") ?? "unknown";
  const maxBodyBytes = Number(config?.get("proto-max-bulk-len"));
  const limits: BrokerLimits = Number.isFinite(maxBodyBytes) ? { maxBodyBytes } : {};
  return { product, version, supports: redisCapabilities, limits, warnings: warningsOf({ info, config }, settings) };
}

function warningsOf({ info, config }: ServerFacts, { maxLength }: RedisSettings): string[] {
  const warnings: string[] = [];
  const major = Number(info.get("redis_version")?.split(".")[0]);
  if (major < 7) {
    warnings.push(
      `Redis ${info.get("redis_version")} does not tell of messages that were trimmed before they were handled, and counts no lag; upgrade to 7.0 or later.`,
    );
  }
  if (maxLength > 0) {
    warnings.push(
      `A topic keeps about its last ${maxLength} messages, and what a group has not handled by then is lost; raise native.maxLength where a group may fall further behind.`,
    );
  }
  if (config === undefined) {
    warnings.push(
      "This user may not read the settings of the server (CONFIG GET), so nobody knows whether it keeps what it confirms; have appendonly yes and maxmemory-policy noeviction.",
    );
    return warnings;
  }
  if (config.get("appendonly") === "no") {
    warnings.push(
      "With appendonly no a crash of the server loses messages that it had confirmed; set appendonly yes, and appendfsync always where not one may be lost.",
    );
  } else if (config.get("appendfsync") !== "always") {
    warnings.push(
      `With appendfsync ${config.get("appendfsync")} a crash of the server's machine loses what was confirmed in about the last second before; set appendfsync always where that is too much.`,
    );
  }
  const policy = config.get("maxmemory-policy");
  if (policy !== "noeviction" && Number(config.get("maxmemory")) > 0) {
    warnings.push(
      `With maxmemory-policy ${policy} a server that is short of memory deletes whole topics; set maxmemory-policy noeviction.`,
    );
  }
  return warnings;
}
