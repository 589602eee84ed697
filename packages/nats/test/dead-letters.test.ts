import { describe, expect, it } from "vitest";
import type { StoredDeadLetter } from "@busbar/core/contract";
import { brokerUrl } from "./broker-url.ts";
import { openBroker, record, unique } from "./fixtures.ts";
import type { ToldBroker } from "./fixtures.ts";

async function listed(broker: ToldBroker, group: string): Promise<StoredDeadLetter[]> {
  const letters: StoredDeadLetter[] = [];
  for await (const letter of broker.deadLetters.list(group)) letters.push(letter);
  return letters;
}

function textsOf(letters: readonly StoredDeadLetter[]): string[] {
  return letters.map(({ record: { body } }) => new TextDecoder().decode(body));
}

describe.skipIf(brokerUrl === undefined)("dead letters", () => {
  it("are kept as they are and listed in order, each group's alone", async () => {
    const broker = await openBroker();
    const [group, other] = [unique("günther.*/"), unique()];
    const headers = { "busbar-dead-reason": "rejected", own: " padded" };
    const body = new Uint8Array([0, 255, 10, 13]);
    await broker.deadLetters.put(
      group,
      "s1",
      record("_busbar.dlq.g", body, { headers, key: "k", id: "id", contentType: "a/b" }),
    );
    await broker.deadLetters.put(group, "s2", record("_busbar.dlq.g", "second"));
    await broker.deadLetters.put(other, "s1", record("_busbar.dlq.g", "other"));
    const letters = await listed(broker, group);
    expect(letters).toHaveLength(2);
    expect(Uint8Array.from(letters[0]?.record.body ?? [])).toEqual(body);
    expect(letters[0]?.record).toMatchObject({
      headers,
      key: "k",
      id: "id",
      contentType: "a/b",
      timestamp: 1_700_000_000_123,
    });
    expect(textsOf(await listed(broker, other))).toEqual(["other"]);
  });

  it("replace a former one of the same slot", async () => {
    const broker = await openBroker();
    const group = unique();
    for (const text of ["first", "second"]) await broker.deadLetters.put(group, "slot", record("_busbar.dlq.g", text));
    expect(textsOf(await listed(broker, group))).toEqual(["second"]);
  });

  it("are removed by their handles, and counted when they were there", async () => {
    const broker = await openBroker();
    const group = unique();
    for (const slot of ["a", "b", "c"]) await broker.deadLetters.put(group, slot, record("_busbar.dlq.g", slot));
    const [a, , c] = await listed(broker, group);
    const handles = [a?.handle ?? "", c?.handle ?? ""];
    expect(await broker.deadLetters.remove(group, [...handles, "0", "nonsense"])).toBe(2);
    expect(await broker.deadLetters.remove(group, handles)).toBe(0);
    expect(textsOf(await listed(broker, group))).toEqual(["b"]);
  });

  it("end a list although more are put meanwhile", async () => {
    const broker = await openBroker();
    const group = unique();
    for (const slot of ["a", "b"]) await broker.deadLetters.put(group, slot, record("_busbar.dlq.g", slot));
    const texts: string[] = [];
    for await (const letter of broker.deadLetters.list(group)) {
      texts.push(...textsOf([letter]));
      await broker.deadLetters.put(group, texts[0] ?? "", record("_busbar.dlq.g", "again"));
      if (texts.length > 5) break;
    }
    expect(texts).toEqual(["a", "b"]);
  });

  it("of nobody are an empty list", async () => {
    expect(await listed(await openBroker(), unique())).toEqual([]);
  });
});
