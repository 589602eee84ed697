/** What a driver's author uses beside the contract: errors, token escaping, credit, backoff. */
export {
  BusError,
  CanceledError,
  CapacityError,
  ClosedError,
  ConfigError,
  ConnectionError,
  InvalidArgumentError,
  NoSubscriberError,
  PayloadError,
  RefusedError,
  TimeoutError,
  UnsupportedError,
} from "../errors.ts";
export type { BusErrorCode, BusErrorDetails, UnmetNeed } from "../errors.ts";
export { tokenEscaping } from "../topic/token-escaping.ts";
export type { TokenEscaping } from "../topic/token-escaping.ts";
export { parseCheckedFilter, reservedToken, topicProblem } from "../topic/grammar.ts";
export type { ParsedFilter } from "../topic/grammar.ts";
export { covers, intersects, matches } from "../topic/filter.ts";
export { abortable } from "./abortable.ts";
export { atMost } from "./at-most.ts";
export { backoffDelayMs, pause, reconnectPolicy } from "./backoff.ts";
export { isDuration, isPositiveDuration, longestMs, mustBePositiveDuration } from "./duration.ts";
export type { BackoffPolicy } from "./backoff.ts";
export { HandOut } from "./hand-out.ts";
export type { Arrival, HandOutOptions } from "./hand-out.ts";
export { oncePerTurn } from "./once-per-turn.ts";
export { promised } from "./promised.ts";
export { rejected } from "./rejected.ts";
export { setOwn } from "./set-own.ts";
export { SlotMap } from "./slot-map.ts";
export { Slots } from "./slots.ts";
export { StatusHub } from "./status-hub.ts";
export { nearest, unknownKeyProblems, unknownOptionProblems } from "./known-keys.ts";
export { readHosts, readUser } from "./url-parts.ts";
export type { UrlHost, UrlUser } from "./url-parts.ts";
