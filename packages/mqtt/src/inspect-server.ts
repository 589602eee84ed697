import { randomUUID } from "node:crypto";
import { pause } from "@busbar/core/driver";
import type { ServerFacts, ServerProperties } from "./capabilities.ts";
import { openAny } from "./connection.ts";
import type { Connection } from "./connection.ts";
import type { MqttSettings } from "./options.ts";
import { deadLetterTopic } from "./topic.ts";

/** How long a server has to answer each question, in milliseconds. What it does not answer in time counts as no. */
const patienceMs = 300;

const unknown: ServerFacts = { product: "unknown", version: "unknown", findsRetainedByWildcard: true };

/** Where mosquitto, and some others, say what they are. */
const versionTopic = "$SYS/broker/version";

/**
 * Finds out what a server does not say in CONNACK: its product, how long it keeps sessions, and whether it finds retained messages
 * by a wildcard. Asks over a connection of its own, in less than a second. Never rejects: what cannot be found
 * out is unknown, and a server that is not known is taken to do what the protocol says.
 */
export async function inspectServer(settings: MqttSettings, signal?: AbortSignal): Promise<ServerFacts> {
  let connection: Connection | undefined;
  try {
    const inbox = new Inbox();
    connection = await openAny(settings, {
      clientId: `${settings.clientName}-inspect-${randomUUID().slice(0, 13)}`,
      cleanStart: true,
      sessionExpirySeconds: settings.sessionExpirySeconds,
      signal,
      prepare: (client) => client.on("message", (topic, payload) => inbox.put(topic, payload.toString())),
    });
    return await ask(connection, inbox, settings);
  } catch {
    return unknown;
  } finally {
    await connection?.close({ endSession: true, withinMs: patienceMs });
  }
}

async function ask(connection: Connection, inbox: Inbox, settings: MqttSettings): Promise<ServerFacts> {
  const properties: ServerProperties = connection.connack.properties ?? {};
  const { sessionExpiryInterval } = properties;
  const capped = sessionExpiryInterval !== undefined && sessionExpiryInterval < settings.sessionExpirySeconds;
  const product = parseVersion(await inbox.answer(versionTopic, () => subscribe(connection, versionTopic)));
  return {
    product: product?.name ?? "unknown",
    version: product?.version ?? "unknown",
    findsRetainedByWildcard: product?.name === "mosquitto" || (await findsRetainedByWildcard(connection, inbox)),
    ...(capped ? { sessionExpiryCappedTo: sessionExpiryInterval } : {}),
  };
}

/** Keeps a message, looks for it the way dead letters are listed, and removes it. */
async function findsRetainedByWildcard(connection: Connection, inbox: Inbox): Promise<boolean> {
  const group = `probe-${randomUUID()}`;
  const topic = deadLetterTopic(group, "probe");
  const kept = await within(connection.client.publishAsync(topic, "probe", { qos: 1, retain: true }));
  if (!kept) return false;
  const found = await inbox.answer(topic, () => subscribe(connection, deadLetterTopic(group, "+")));
  await within(connection.client.publishAsync(topic, "", { qos: 1, retain: true }));
  return found !== undefined;
}

function subscribe(connection: Connection, filter: string): Promise<unknown> {
  return connection.client.subscribeAsync(filter, { qos: 0 });
}

/** Whether the work succeeds in time. Never rejects. */
function within(work: Promise<unknown>): Promise<boolean> {
  const succeeded = work.then(
    () => true,
    () => false,
  );
  return Promise.race([succeeded, pause(patienceMs).then(() => false)]);
}

/** What a server says in `$SYS/broker/version`, such as `mosquitto version 2.0.11`. */
export function parseVersion(text: string | undefined): { readonly name: string; readonly version: string } | undefined {
  const [, name, version] = /^([\w .-]{1,40}?),? version:? (\S{1,40})/i.exec(text ?? "") ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** Messages by topic, for one who waits. */
class Inbox {
  readonly #expected = new Map<string, (text: string) => void>();

  put(topic: string, text: string): void {
    this.#expected.get(topic)?.(text);
  }

  /** The message on this topic, or `undefined` when none comes in time. */
  answer(topic: string, ask: () => Promise<unknown>): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), patienceMs);
      this.#expected.set(topic, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      ask().catch(() => {
        clearTimeout(timer);
        resolve(undefined);
      });
    });
  }
}
