import { pause } from "@busbar/core/driver";
import { hivemq } from "./capabilities.ts";
import type { ServerFacts, ServerProperties } from "./capabilities.ts";
import { openAny } from "./connection.ts";
import type { Connection } from "./connection.ts";
import type { MqttSettings } from "./options.ts";
import { deadLetterTopic } from "./topic.ts";

/**
 * How long to wait for a message that may not exist, in milliseconds, once the server has confirmed that it was asked for; longer
 * where that took long. None within it counts as no.
 */
const quietMs = 300;

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
  let limit: NodeJS.Timeout | undefined;
  try {
    const inbox = new Inbox();
    const opened = await openAny(settings, {
      clientId: `${settings.clientName}-inspect-${crypto.randomUUID().slice(0, 13)}`,
      cleanStart: true,
      sessionExpirySeconds: settings.sessionExpirySeconds,
      signal,
      prepare: (client) => client.on("message", (topic, payload) => inbox.put(topic, payload.toString())),
    });
    connection = opened;
    // A server that leaves a question open would be waited for without end, and so would a lost connection.
    limit = setTimeout(() => opened.client.stream.destroy(), settings.connectTimeoutMs);
    const lost = new Promise<never>((_resolve, reject) => opened.onClosed(reject));
    return await Promise.race([ask(opened, inbox, settings, signal), lost]);
  } catch {
    return unknown;
  } finally {
    clearTimeout(limit);
    await connection?.close({ endSession: true, withinMs: quietMs });
  }
}

async function ask(
  connection: Connection,
  inbox: Inbox,
  settings: MqttSettings,
  signal: AbortSignal | undefined,
): Promise<ServerFacts> {
  const properties: ServerProperties = connection.connack.properties ?? {};
  const { sessionExpiryInterval } = properties;
  const capped = sessionExpiryInterval !== undefined && sessionExpiryInterval < settings.sessionExpirySeconds;
  const product = parseVersion(await inbox.read(connection, versionTopic)) ?? (await productByName(settings, signal));
  // To one that keeps nothing, a message to be kept is a breach of the protocol.
  const keeps = properties.retainAvailable !== false;
  return {
    product: product?.name ?? "unknown",
    version: product?.version ?? "unknown",
    findsRetainedByWildcard:
      product?.name === "mosquitto" || (keeps && (await findsRetainedByWildcard(connection, inbox))),
    ...(capped ? { sessionExpiryCappedTo: sessionExpiryInterval } : {}),
  };
}

/** HiveMQ does not say what it is, but the client id that it gives to whoever has none begins like this. */
const hivemqClientId = /^hmq_/;

async function productByName(
  settings: MqttSettings,
  signal: AbortSignal | undefined,
): Promise<ReturnType<typeof parseVersion>> {
  if (settings.protocolVersion === 4) return undefined;
  try {
    const connection = await openAny(settings, { clientId: "", cleanStart: true, signal });
    const given = connection.connack.properties?.assignedClientIdentifier ?? "";
    await connection.close({ withinMs: quietMs });
    return hivemqClientId.test(given) ? { name: hivemq, version: "unknown" } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a message, looks for it the way dead letters are listed, and removes it. */
async function findsRetainedByWildcard({ client }: Connection, inbox: Inbox): Promise<boolean> {
  const group = `probe-${crypto.randomUUID()}`;
  const topic = deadLetterTopic(group, "probe");
  try {
    await client.publishAsync(topic, "probe", { qos: 1, retain: true });
  } catch {
    return false;
  }
  const found = await inbox.read({ client }, deadLetterTopic(group, "+"), topic);
  await client.publishAsync(topic, "", { qos: 1, retain: true });
  return found !== undefined;
}

/** What a server says in `$SYS/broker/version`, such as `mosquitto version 2.0.11`. */
export function parseVersion(
  text: string | undefined,
): { readonly name: string; readonly version: string } | undefined {
  const [, name, version] = /^([\w .-]{1,40}?),? version:? (\S{1,40})/i.exec(text ?? "") ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** Messages by topic, for one who waits. */
class Inbox {
  readonly #expected = new Map<string, (text: string) => void>();

  put(topic: string, text: string): void {
    this.#expected.get(topic)?.(text);
  }

  /** The message that the server keeps on a topic, looked for by a filter; `undefined` when it sends none. */
  async read(
    { client }: Pick<Connection, "client">,
    filter: string,
    topic: string = filter,
  ): Promise<string | undefined> {
    const arrived = new AbortController();
    let found: string | undefined;
    this.#expected.set(topic, (text) => {
      found = text;
      arrived.abort();
    });
    const began = performance.now();
    try {
      await client.subscribeAsync(filter, { qos: 0 });
    } catch {
      return undefined;
    }
    await pause(Math.max(quietMs, 3 * (performance.now() - began)), arrived.signal);
    return found;
  }
}
