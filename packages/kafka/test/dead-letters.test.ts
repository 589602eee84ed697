import kafkajs from "kafkajs";
import { expect, it } from "vitest";
import { all } from "../../../integration/support/cut-calls.ts";
import { record, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("dead letters", ({ broker, plain }) => {
  it("are kept one for a slot, listed in order, and gone when removed, before any compaction", async () => {
    const group = unique("dead");
    expect(await all(broker.deadLetters.list(group))).toEqual([]);
    expect(await broker.deadLetters.remove(group, ["a"])).toBe(0);
    const put = (slot: string, body: string) =>
      broker.deadLetters.put(
        group,
        slot,
        record("orders.new", body, { key: "customer", headers: { "busbar-dead-reason": "r" } }),
      );
    await put("a", "1");
    await put("b", "2");
    await put("c", "3");
    await put("a", "4");
    const listed = await all(broker.deadLetters.list(group));
    expect(listed.map(({ handle, record: { body } }) => [handle, Buffer.from(body).toString()])).toEqual([
      ["b", "2"],
      ["c", "3"],
      ["a", "4"],
    ]);
    expect(listed[0]?.record).toMatchObject({
      key: "customer",
      topic: "orders.new",
      headers: { "busbar-dead-reason": "r" },
    });
    expect(await broker.deadLetters.remove(group, ["a", "c", "nobody", "a"])).toBe(2);
    expect((await all(broker.deadLetters.list(group))).map(({ handle }) => handle)).toEqual(["b"]);
    expect(await broker.deadLetters.remove(group, ["a"])).toBe(0);
  });

  it("are never deleted for their age, in a topic that keeps the last of each slot", async () => {
    const group = unique("dead.kept");
    await broker.deadLetters.put(group, "a", record("orders.new", "1"));
    const admin = plain.admin();
    await admin.connect();
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: `_busbar.dlq.${group.replaceAll(".", "_x2E_")}` }],
    });
    await admin.disconnect();
    const policy = resources[0]?.configEntries.find(({ configName }) => configName === "cleanup.policy");
    expect(policy?.configValue).toBe("compact");
  });
});
