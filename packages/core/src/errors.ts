import type { CapabilityName } from "./contract/index.ts";

/** What kind of thing went wrong. Stable: programs may compare it. */
export type BusErrorCode =
  | "BUSBAR_CONFIG"
  | "BUSBAR_ADAPTER_NOT_FOUND"
  | "BUSBAR_INVALID_ARGUMENT"
  | "BUSBAR_UNSUPPORTED"
  | "BUSBAR_CODEC"
  | "BUSBAR_VALIDATION"
  | "BUSBAR_CONNECTION"
  | "BUSBAR_OUTCOME_UNKNOWN"
  | "BUSBAR_TIMEOUT"
  | "BUSBAR_REFUSED"
  | "BUSBAR_AUTHENTICATION"
  | "BUSBAR_NOT_FOUND"
  | "BUSBAR_TOO_LARGE"
  | "BUSBAR_INSTANCE_IN_USE"
  | "BUSBAR_CAPACITY"
  | "BUSBAR_NO_SUBSCRIBER"
  | "BUSBAR_REMOTE"
  | "BUSBAR_CANCELED"
  | "BUSBAR_REVOKED"
  | "BUSBAR_CLOSED";

/** Where and why it went wrong; all of it is optional. */
export interface BusErrorDetails {
  /** The name of the broker in the configuration, or of the adapter. */
  readonly broker?: string | undefined;
  /** The topic or filter concerned. */
  readonly topic?: string | undefined;
  /** What the client library said. */
  readonly cause?: unknown;
}

const brand = Symbol.for("busbar.error");

/**
 * Tells whether a thrown value bears a brand. Never throws itself: what is thrown may be anything, a proxy that throws when it is looked at
 * as well.
 */
export function isBranded(value: unknown, as: symbol): boolean {
  try {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[as] === true;
  } catch {
    return false;
  }
}

/**
 * Every error of the bus. The message says what failed, where, and what to do next; it never holds a secret.
 * Test with `BusError.is`, which also holds across two installed copies of this package.
 */
export class BusError extends Error {
  override readonly name: string = "BusError";
  /** What kind of thing went wrong; stable, so that programs may compare it. */
  readonly code: BusErrorCode;
  /** True when the same call may succeed later without anything being changed. */
  readonly retryable: boolean;
  /** The name of the broker in the configuration, or of the adapter, where one is concerned. */
  readonly broker: string | undefined;
  /** The topic or filter, where one is concerned. */
  readonly topic: string | undefined;

  constructor(code: BusErrorCode, message: string, retryable: boolean, details: BusErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = retryable;
    this.broker = details.broker;
    this.topic = details.topic;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Tells whether a thrown value is an error of the bus, from whichever copy of this package. */
  static is(value: unknown): value is BusError {
    return isBranded(value, brand);
  }
}

/** The configuration is wrong. `problems` has all of them, each with its file, path and line. */
export class ConfigError extends BusError {
  override readonly name: string = "ConfigError";
  /** One sentence each. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], details?: BusErrorDetails & { readonly code?: BusErrorCode }) {
    const message =
      problems.length === 1
        ? (problems[0] ?? "")
        : `The configuration has ${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`;
    super(details?.code ?? "BUSBAR_CONFIG", message, false, details);
    this.problems = problems;
  }
}

/** An argument of a call is malformed: a topic, a filter, a header, an option. Nothing was sent. */
export class InvalidArgumentError extends BusError {
  override readonly name: string = "InvalidArgumentError";

  constructor(message: string, details?: BusErrorDetails) {
    super("BUSBAR_INVALID_ARGUMENT", message, false, details);
  }
}

/** One thing that was asked for and that the broker, or this version of the bus, does not give. */
export interface UnmetNeed {
  /** The capability it comes down to; absent for an option that core itself does not honour. */
  readonly capability?: CapabilityName;
  /** What asked for it, such as `subscribe("sensor.*")`. */
  readonly subject: string;
  /** What is missing and what to do instead. */
  readonly detail: string;
}

/** Something was asked for that would be honoured only in appearance. `needs` lists all of it. */
export class UnsupportedError extends BusError {
  override readonly name: string = "UnsupportedError";
  /** All that is missing, in the order in which it was asked for. */
  readonly needs: readonly UnmetNeed[];

  constructor(needs: readonly UnmetNeed[], details?: BusErrorDetails) {
    const lines = needs.map((need) => `${need.subject}: ${need.detail}`);
    const where = details?.broker === undefined ? "" : ` on broker "${details.broker}"`;
    super(
      "BUSBAR_UNSUPPORTED",
      lines.length === 1
        ? `Not supported${where}: ${lines[0]}`
        : `${lines.length} needs are not met${where}:\n${lines.map((line) => `  - ${line}`).join("\n")}`,
      false,
      details,
    );
    this.needs = needs;
  }
}

/** A payload could not be written as bytes, or bytes could not be read, or a payload does not fit its schema. */
export class PayloadError extends BusError {
  override readonly name: string = "PayloadError";

  constructor(code: "BUSBAR_CODEC" | "BUSBAR_VALIDATION", message: string, details?: BusErrorDetails) {
    super(code, message, false, details);
  }
}

/**
 * The broker cannot be reached, or the connection was lost. With code `BUSBAR_OUTCOME_UNKNOWN` the message had been sent but
 * not confirmed: the broker may or may not have it. Always retryable.
 */
export class ConnectionError extends BusError {
  override readonly name: string = "ConnectionError";

  constructor(
    message: string,
    details?: BusErrorDetails & { readonly code?: "BUSBAR_CONNECTION" | "BUSBAR_OUTCOME_UNKNOWN" },
  ) {
    super(details?.code ?? "BUSBAR_CONNECTION", message, true, details);
  }
}

/** A bound of time was reached. Retryable. */
export class TimeoutError extends BusError {
  override readonly name: string = "TimeoutError";

  constructor(message: string, details?: BusErrorDetails) {
    super("BUSBAR_TIMEOUT", message, true, details);
  }
}

/** The broker said no, and will say no again: not allowed, not found, too large, wrong password, name in use. */
export class RefusedError extends BusError {
  override readonly name: string = "RefusedError";

  constructor(
    message: string,
    details?: BusErrorDetails & {
      readonly code?:
        | "BUSBAR_REFUSED"
        | "BUSBAR_AUTHENTICATION"
        | "BUSBAR_NOT_FOUND"
        | "BUSBAR_TOO_LARGE"
        | "BUSBAR_INSTANCE_IN_USE";
    },
  ) {
    super(details?.code ?? "BUSBAR_REFUSED", message, false, details);
  }
}

/** There is no room: the publish window or a queue at the broker is full. Retryable; a web handler may answer 503. */
export class CapacityError extends BusError {
  override readonly name: string = "CapacityError";

  constructor(message: string, details?: BusErrorDetails) {
    super("BUSBAR_CAPACITY", message, true, details);
  }
}

/** The broker says that nobody is subscribed: `requireSubscriber` was set, or it was a request that nobody can answer. */
export class NoSubscriberError extends BusError {
  override readonly name: string = "NoSubscriberError";

  constructor(topic: string, details?: BusErrorDetails & { readonly request?: boolean }) {
    const what =
      details?.request === true
        ? `Nobody responds to "${topic}"; start the service that does.`
        : `Nobody is subscribed to "${topic}", and requireSubscriber was set.`;
    super("BUSBAR_NO_SUBSCRIBER", what, true, { ...details, topic });
  }
}

/** Whoever answered a request failed. `remoteName` and the message are what its handler threw. */
export class RemoteError extends BusError {
  override readonly name: string = "RemoteError";
  /** The name of the error over there. */
  readonly remoteName: string;

  constructor(remoteName: string, message: string, details?: BusErrorDetails) {
    super("BUSBAR_REMOTE", message, false, details);
    this.remoteName = remoteName;
  }
}

/** The caller's `signal` aborted; its reason is the `cause`. */
export class CanceledError extends BusError {
  override readonly name: string = "CanceledError";

  constructor(message: string, details?: BusErrorDetails) {
    super("BUSBAR_CANCELED", message, false, details);
  }
}

/** The broker gave a message to another member of the group while its handler ran: the reason of `message.signal`, no failure. */
export class RevokedError extends BusError {
  override readonly name: string = "RevokedError";

  constructor(message: string, details?: BusErrorDetails) {
    super("BUSBAR_REVOKED", message, false, details);
  }
}

/** The bus, the broker or the subscription was closed. */
export class ClosedError extends BusError {
  override readonly name: string = "ClosedError";

  constructor(message: string, details?: BusErrorDetails) {
    super("BUSBAR_CLOSED", message, false, details);
  }
}
