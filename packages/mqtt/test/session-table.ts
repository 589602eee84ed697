import { readFileSync, writeFileSync } from "node:fs";
import { mqtt } from "@busbar/mqtt";
import type { MqttOptions } from "@busbar/mqtt";
import { expect, it } from "vitest";
import { acknowledging, outbound, request, unique } from "./fixtures.ts";

/** A server of which the table in `docs/brokers/mqtt.md` tells. */
export interface TabledServer {
  readonly name: string;
  readonly url: () => string;
  readonly version: () => string | Promise<string>;
  readonly protocolVersion: 4 | 5;
}

interface Cell {
  readonly qos: 0 | 1 | 2;
  readonly session: "clean" | "persistent";
}

const cells: readonly Cell[] = ([0, 1, 2] as const).flatMap((qos) =>
  (["clean", "persistent"] as const).map((session) => ({ qos, session })),
);

function titleOf({ qos, session }: Cell): string {
  return `QoS ${qos}, ${session}`;
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
    const label = `${server.name} ${await server.version()}`;
    const row = `| ${label} | ${found.join(" | ")} |`;
    if (process.env["BUSBAR_WRITE_SESSION_TABLE"] === "1") writeRow(server.name, row);
    const written = rows().find((line) => line.startsWith(`| ${label} |`));
    if (written === undefined) console.log(`Not in docs/brokers/mqtt.md: ${row}`);
    else expect(row).toBe(written);
  });
}

async function fateOf({ qos, session }: Cell, { url, protocolVersion }: TabledServer): Promise<string> {
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

function writeRow(name: string, row: string): void {
  const [before, , after] = parts();
  const all = [...rows().filter((line) => !line.startsWith(`| ${name} `)), row].toSorted();
  const head = `| | ${cells.map(titleOf).join(" | ")} |`;
  const table = [head, `| --- |${" :-: |".repeat(cells.length)}`, ...all].join("\n");
  writeFileSync(page, `${before}${begin}\n${table}\n\n${end}${after}`);
}
