import { readFileSync, writeFileSync } from "node:fs";
import { mqtt } from "@busbar/mqtt";
import type { MqttOptions } from "@busbar/mqtt";
import { connect, connectAsync } from "mqtt";
import { expect, it } from "vitest";
import { acknowledging, foreign, outbound, request, unique } from "./fixtures.ts";

/** A server of which the table in `docs/brokers/mqtt.md` tells. */
export interface TabledServer {
  readonly name: string;
  readonly url: () => string;
  readonly version: () => string | Promise<string>;
  readonly protocolVersion: 4 | 5;
}

interface Cell {
  /** Of what is published, and what is subscribed at where nothing else is said. */
  readonly qos: 0 | 1 | 2;
  readonly session: "clean" | "persistent";
  /** Where it is another one: that of the bus, which would else subscribe at QoS 0. */
  readonly subscribedAt?: 1;
}

const cells: readonly Cell[] = [
  { qos: 0, session: "clean" },
  { qos: 0, session: "persistent" },
  { qos: 0, session: "persistent", subscribedAt: 1 },
  { qos: 1, session: "clean" },
  { qos: 1, session: "persistent" },
  { qos: 2, session: "clean" },
  { qos: 2, session: "persistent" },
];

function titleOf({ qos, session, subscribedAt }: Cell): string {
  return `QoS ${qos}${subscribedAt === undefined ? "" : ` to QoS ${subscribedAt}`}, ${session}`;
}

const page = new URL("../../../docs/brokers/mqtt.md", import.meta.url);
const begin = "<!-- written by BUSBAR_WRITE_SESSION_TABLE=1 npm test -- mqtt session-table: begin -->\n";
const end = "<!-- written by BUSBAR_WRITE_SESSION_TABLE=1 npm test -- mqtt session-table: end -->";

/**
 * Finds out, for each quality of service and kind of session, what becomes of messages that are published while their subscriber is away, and holds the
 * table of the page to it, or writes the row where `BUSBAR_WRITE_SESSION_TABLE` is 1. A version that is not in the table is held to what the bus promises alone.
 */
export function sessionTable(server: TabledServer): void {
  const found: string[] = [];
  it.each(cells.map((cell) => [titleOf(cell), cell] as const))("%s", async (_title, cell) => {
    const fate = await fateOf(cell, server);
    found.push(fate);
    // What the bus promises of any server; QoS 0 into a kept session is the server's own affair.
    if (cell.session === "clean") expect(fate).toBe("lost");
    else if (cell.qos > 0) expect(fate).toMatch(/^kept/);
  });

  it("is what the page says", async () => {
    expect(found).toHaveLength(cells.length);
    const [name, version] = [server.name, server.protocolVersion === 4 ? "3.1.1" : "5"];
    const label = `${name} ${await server.version()}, MQTT ${version}`;
    const row = `| ${label} | ${found.join(" | ")} |`;
    const replaced = new RegExp(`^\\| ${name} \\S+, MQTT ${version} \\|`);
    if (process.env["BUSBAR_WRITE_SESSION_TABLE"] === "1") writeRow(replaced, row);
    const written = rows().find((line) => line.startsWith(`| ${label} |`));
    if (written === undefined) console.log(`Not in docs/brokers/mqtt.md: ${row}`);
    else expect(row).toBe(written);
  });
}

/** The bus subscribes a durable subscription at QoS 1 at least, so a kept session of QoS 0 is a foreign client's. */
async function fateOf(cell: Cell, server: TabledServer): Promise<string> {
  const { qos, session, subscribedAt = qos } = cell;
  return session === "persistent" && subscribedAt === 0 ? foreignFate(server) : fateOnTheBus(cell, server);
}

async function foreignFate({ url, protocolVersion }: TabledServer): Promise<string> {
  const topic = unique();
  const came: string[] = [];
  const session = {
    clientId: `away-${topic}`,
    protocolVersion,
    reconnectPeriod: 0,
    ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
  };
  const away = await connectAsync(url(), { ...session, clean: false });
  const [granted] = await away.subscribeAsync(topic, { qos: 0 });
  expect(granted?.qos).toBe(0);
  await away.endAsync();
  const publisher = await foreign(url(), { protocolVersion });
  for (const body of ["1", "2", "3"]) await publisher.publishAsync(topic, body, { qos: 0 });
  await publisher.publishAsync(unique(), "", { qos: 1 });
  const back = connect(url(), { ...session, clean: false });
  const over = new Promise<void>((resolve) => {
    back.on("message", (_topic, payload) => (String(payload) === "end" ? resolve() : came.push(String(payload))));
  });
  const isThere = await new Promise<boolean>((resolve) => {
    back.once("connect", ({ sessionPresent }) => resolve(sessionPresent));
  });
  if (isThere) {
    await publisher.publishAsync(topic, "end", { qos: 0 });
    await over;
  }
  await Promise.all([back.endAsync(), publisher.endAsync()]);
  await (await connectAsync(url(), { ...session, clean: true, properties: {} })).endAsync();
  if (!isThere) return "lost, with the session";
  if (came.length === 0) return "lost";
  expect(came).toEqual(["1", "2", "3"]);
  return "kept";
}

async function fateOnTheBus({ qos, session }: Cell, { url, protocolVersion }: TabledServer): Promise<string> {
  const native = {
    protocolVersion,
    ...(qos === 2 ? { qos, weakerQos: "accept" } : {}),
  } satisfies MqttOptions["native"];
  const bus = mqtt({ url: url(), native });
  await bus.open();
  try {
    const topic = unique();
    const delivery = qos === 0 ? "at-most-once" : "at-least-once";
    const asked = request(topic, { durable: session === "persistent", delivery });
    const away = await bus.subscribe(asked, () => {});
    await away.close();
    for (const body of ["1", "2", "3"]) await bus.publish(outbound(topic, body, { delivery }));
    // What QoS 0 wrote was read by the server when it answers to something behind it.
    await bus.publish(outbound(unique()));
    const inbox = acknowledging();
    const back = await bus.subscribe(asked, inbox.sink);
    await bus.publish(outbound(topic, "end", { delivery }));
    await inbox.until(() => inbox.texts.includes("end"));
    await back.remove();
    const came = inbox.texts.slice(0, inbox.texts.indexOf("end"));
    if (came.length === 0) return "lost";
    expect(came).toEqual(["1", "2", "3"]);
    const [first] = inbox.deliveries;
    const arrivedAt = (first?.record.native as { qos: number } | undefined)?.qos;
    return arrivedAt === qos ? "kept" : `kept, at QoS ${arrivedAt}`;
  } finally {
    await bus.close();
  }
}

function parts(): readonly [before: string, table: string, after: string] {
  const text = readFileSync(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to === -1) throw new Error("docs/brokers/mqtt.md has lost the marks of its table of sessions.");
  return [text.slice(0, from), text.slice(from + begin.length, to), text.slice(to + end.length)];
}

function rows(): string[] {
  return parts()[1]
    .split("\n")
    .filter((line) => /^\| [A-Z]?[a-zA-Z]+ \d/.test(line));
}

function writeRow(replaced: RegExp, row: string): void {
  const [before, , after] = parts();
  const all = [...rows().filter((line) => !replaced.test(line)), row].toSorted();
  const head = `| | ${cells.map(titleOf).join(" | ")} |`;
  const table = [head, `| --- |${" :-: |".repeat(cells.length)}`, ...all].join("\n");
  writeFileSync(page, `${before}${begin}\n${table}\n\n${end}${after}`);
}
