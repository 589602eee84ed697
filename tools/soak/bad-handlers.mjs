/* oxlint-disable unicorn/no-thenable -- objects that are awaited by accident are what this is about. */
import { setTimeout as pause } from "node:timers/promises";

import { Reject, RetryLater } from "@busbar/core";

/** @import { ManualHandler, Handler } from "@busbar/core" */

/**
 * What has to become of a message.
 *
 * @typedef {"handled" | "dead"} Fate
 */

/** By another name, since an object that has it is awaited by accident; here on purpose. @type {string} */
const thenName = "then";

const harm = () => {
  throw new Error("made to do harm");
};
const hostile = new Proxy(
  {},
  { get: harm, getPrototypeOf: harm, has: harm, ownKeys: harm, getOwnPropertyDescriptor: harm },
);

/**
 * What a handler may throw that is no ordinary error.
 *
 * @type {Readonly<Record<string, () => unknown>>}
 */
const thrown = {
  undefined: () => undefined,
  null: () => null,
  string: () => "a string",
  number: () => 0,
  bigint: () => 42n,
  symbol: () => Symbol("a symbol"),
  function: () => harm,
  "frozen-object": () => Object.freeze({ code: 1 }),
  "frozen-error": () => Object.freeze(new Error("frozen")),
  "no-prototype": () => Object.create(null),
  "throwing-toString": () => ({ toString: harm, [Symbol.toPrimitive]: harm }),
  "throwing-message": () => Object.defineProperty(new Error("a"), "message", { get: harm }),
  "throwing-name": () => Object.defineProperty(new Error("a"), "name", { get: harm }),
  "symbol-message": () => Object.assign(new Error("a"), { message: Symbol("a symbol") }),
  "object-message": () => Object.assign(new Error("a"), { message: Object.create(null) }),
  "throwing-proxy": () => hostile,
  "revoked-proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "long-message": () => new Error("long ".repeat(1_000_000)),
  "strange-message": () => new Error("a\r\nb: c\0\ud800😀"),
  "circular-cause": () => {
    const error = new Error("circular");
    error.cause = error;
    return error;
  },
  "rejected-with-a-proxy": () => new Reject("proxy", { cause: hostile }),
  "rejected-with-a-symbol": () => Object.assign(new Reject("a"), { message: Symbol("a symbol") }),
  "retry-at-no-time": () => new RetryLater(Number.NaN),
  "a-promise": () => Promise.resolve(),
};

/** A handler and what has to become of its message. @typedef {{ handle: Handler, fate: Fate }} BadHandler */

/**
 * Handlers that do what none should, by name.
 *
 * @type {Readonly<Record<string, BadHandler>>}
 */
export const badHandlers = {
  ...Object.fromEntries(
    Object.entries(thrown).flatMap(([name, make]) => [
      [
        `throws-${name}`,
        {
          fate: /** @type {Fate} */ ("dead"),
          handle: () => {
            throw make();
          },
        },
      ],
      [
        `rejects-${name}`,
        {
          fate: /** @type {Fate} */ ("dead"),
          handle: async () => {
            throw make();
          },
        },
      ],
    ]),
  ),
  "returns-anything": { fate: "handled", handle: () => Symbol("a symbol") },
  "returns-no-prototype": { fate: "handled", handle: () => Object.create(null) },
  "returns-throwing-proxy": { fate: "dead", handle: () => hostile },
  "returns-throwing-then": { fate: "dead", handle: () => Object.defineProperty({}, thenName, { get: harm }) },
  "then-throws": { fate: "dead", handle: () => thenable(harm) },
  "then-resolves-and-throws": {
    fate: "handled",
    handle: () =>
      thenable((resolve) => {
        resolve();
        harm();
      }),
  },
  "then-resolves-twice": {
    fate: "handled",
    handle: () =>
      thenable((resolve) => {
        resolve();
        resolve();
      }),
  },
  "then-resolves-and-rejects": {
    fate: "handled",
    handle: () =>
      thenable((resolve, reject) => {
        resolve();
        reject(new Error("too late"));
      }),
  },
  "then-rejects-and-resolves": {
    fate: "dead",
    handle: () =>
      thenable((resolve, reject) => {
        reject(new Error("first"));
        resolve();
      }),
  },
  "then-resolves-with-a-rejection": {
    fate: "dead",
    handle: () => thenable((resolve) => resolve(Promise.reject(new Error("inside")))),
  },
  // `await` does not ask a promise for its \`then\`.
  "own-then-of-a-promise": {
    fate: "handled",
    handle: () => Object.assign(Promise.resolve(), { [thenName]: harm }),
  },
  "late-rejection": {
    fate: "dead",
    handle: async (_payload, message) => {
      await aborted(message.signal);
      await pause(20);
      throw new Error("too late");
    },
  },
  "late-return": {
    fate: "dead",
    handle: async (_payload, message) => {
      await aborted(message.signal);
      await pause(20);
    },
  },
  "rejects-on-abort": {
    fate: "dead",
    handle: (_payload, message) =>
      new Promise((_resolve, reject) =>
        message.signal.addEventListener("abort", () => reject(/** @type {Error} */ (message.signal.reason))),
      ),
  },
  "throws-on-abort": {
    fate: "dead",
    handle: (_payload, message) => {
      message.signal.addEventListener("abort", () => undefined);
      return aborted(message.signal).then(harm);
    },
  },
};

/** Never ends, and does not care that it was aborted. @type {Handler} */
export const endless = () => new Promise(() => undefined);

/**
 * Handlers that settle by hand more often than once, or not at all, by name.
 *
 * @type {Readonly<Record<string, { handle: ManualHandler, fate: Fate }>>}
 */
export const badManualHandlers = {
  "acks-twice": {
    fate: "handled",
    handle: (_payload, message) => {
      message.ack();
      message.ack();
    },
  },
  "acks-and-rejects": {
    fate: "handled",
    handle: (_payload, message) => {
      message.ack();
      message.reject("too late");
    },
  },
  "rejects-and-acks": {
    fate: "dead",
    handle: (_payload, message) => {
      message.reject("first");
      message.ack();
      message.retryLater(1);
    },
  },
  "acks-later-twice": {
    fate: "handled",
    handle: async (_payload, message) => {
      setTimeout(() => {
        message.ack();
        message.ack();
        message.reject("too late");
      }, 20);
    },
  },
  "rejects-nothing": {
    fate: "dead",
    handle: (_payload, message) => message.reject(/** @type {any} */ (undefined)),
  },
  "rejects-a-symbol": {
    fate: "dead",
    handle: (_payload, message) => message.reject(/** @type {any} */ (Symbol("a symbol"))),
  },
  "retries-for-no-time": {
    fate: "dead",
    handle: (_payload, message) => message.retryLater(),
  },
  "returns-and-never-settles": { fate: "dead", handle: () => undefined },
};

/** @param {(resolve: (value?: unknown) => void, reject: (error: unknown) => void) => void} then */
function thenable(then) {
  return { [thenName]: then };
}

/** @param {AbortSignal} signal */
function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(undefined);
    } else {
      signal.addEventListener("abort", resolve, { once: true });
    }
  });
}
