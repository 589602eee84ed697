import { setTimeout as pause } from "node:timers/promises";
import { BusError, connect } from "@busbar/core";
import type { Bus, Receipt } from "@busbar/core";
import { expect } from "vitest";
import { ReplayingServer } from "./conversation.ts";
import type { Spoil } from "./conversation.ts";
import type { Protocol } from "./conversations.ts";

/** How long a server may be silent before it is given up, in milliseconds. */
const patienceMs = 400;
/** How long all of it may take, in milliseconds: far more than it does, so that only what hangs is found. */
const limitMs = 20_000;

/** How far a bus came with a server. */
export interface Meeting {
  /** What the publish gave; absent where it did not come to that. */
  readonly receipt: Receipt | undefined;
  /** What a handler was given. */
  readonly delivered: readonly unknown[];
}

/**
 * Has a bus meet a server that says such things: connect, subscribe, publish, receive, close. Each call has to come to an end, with what was asked
 * for or with a typed error. Resolves to how far it came.
 */
export async function meet(protocol: Protocol, spoil: Spoil): Promise<Meeting> {
  const server = await ReplayingServer.open(protocol.conversation, protocol.language, spoil);
  const delivered: unknown[] = [];
  let bus: Bus | undefined;
  let subscribing: Promise<unknown> = Promise.resolve();
  let receipt: Receipt | undefined;
  try {
    bus = await ends(connectTo(protocol, server.port), "connect()");
    if (bus === undefined) return { receipt, delivered };
    let handled = (): void => undefined;
    const isHandled = new Promise<void>((resolve) => (handled = resolve));
    // Ends with the bus at the latest: as long as there is one it may yet come.
    subscribing = bus.subscribe("recorded.reading", { group: "saver" }, (payload) => {
      delivered.push(payload);
      handled();
    });
    await Promise.race([subscribing.catch(() => undefined), pause(patienceMs)]);
    receipt = await ends(
      bus.publish("recorded.reading", { celsius: 21.5 }, { key: "kitchen", timeoutMs: patienceMs }),
      "publish()",
    );
    if (receipt !== undefined) await Promise.race([isHandled, pause(patienceMs)]);
    return { receipt, delivered };
  } finally {
    try {
      await end(bus, subscribing);
    } finally {
      await server.close();
    }
  }
}

async function end(bus: Bus | undefined, subscribing: Promise<unknown>): Promise<void> {
  if (bus !== undefined) await ends(bus.close({ deadlineMs: 100 }), "close()");
  await ends(subscribing, "subscribe()");
}

function connectTo({ scheme, path = "", native = {} }: Protocol, port: number): Promise<Bus> {
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  return connect({
    service: "recorded",
    instance: "one",
    brokers: { main: { url: `${scheme}://127.0.0.1:${port}${path}`, native, connectTimeoutMs: patienceMs } },
    connectTimeoutMs: patienceMs,
    logger,
  });
}

/** What a call gives, or `undefined` where it ends with a typed error; fails where it ends with another one, or not at all. */
async function ends<Result>(call: Promise<Result>, name: string): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} has not come to an end within ${limitMs} ms.`)), limitMs);
  });
  try {
    return await Promise.race([call, limit]);
  } catch (error) {
    expect(BusError.is(error), `${name} ended with ${String(error)}`).toBe(true);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
