import type { StoredDeadLetter } from "@busbar/core/contract";
import { afterEach, expect, it } from "vitest";
import { describeOnMosquitto, describeOnRabbit, mosquittoUrl, rabbitUrl } from "./broker-url.ts";
import { acknowledging, Brokers, foreign, lostForNotReading, outbound, request, text, unique } from "./fixtures.ts";
import type { MqttBroker } from "@busbar/mqtt";

const brokers = new Brokers(mosquittoUrl);
afterEach(() => brokers.close());

async function listed(bus: MqttBroker, group: string): Promise<StoredDeadLetter[]> {
  const all: StoredDeadLetter[] = [];
  for await (const one of bus.deadLetters.list(group)) all.push(one);
  return all.sort((one, other) => (one.handle < other.handle ? -1 : 1));
}

describeOnMosquitto("dead letters", () => {
  it("are kept, listed without being removed, replaced by slot, and removed for good", async () => {
    const bus = await brokers.open();
    const group = unique();
    const letter = outbound(`_busbar.dlq.${group}`, "one", {
      headers: { "busbar-dead-reason": "failed", own: "1" },
      key: "k",
    });
    await bus.deadLetters.put(group, "a1", outbound("x", "replaced"));
    await bus.deadLetters.put(group, "a1", letter);
    await bus.deadLetters.put(group, "b2", outbound("x", "two"));
    await bus.deadLetters.put(unique(), "c3", outbound("x", "another group"));
    for (let round = 0; round < 2; round++) {
      const letters = await listed(bus, group);
      expect(letters.map(({ handle, record }) => [handle, text(record.body)])).toEqual([
        ["a1", "one"],
        ["b2", "two"],
      ]);
      expect(letters[0]?.record).toMatchObject({
        headers: letter.headers,
        id: letter.id,
        key: "k",
        contentType: "application/json",
      });
    }
    await expect(bus.deadLetters.remove(group, ["a1", "never"])).resolves.toBe(1);
    await expect(bus.deadLetters.remove(group, ["a1"])).resolves.toBe(0);
    await expect(bus.deadLetters.remove(group, [])).resolves.toBe(0);
    expect((await listed(bus, group)).map(({ handle }) => handle)).toEqual(["b2"]);
    await bus.deadLetters.remove(group, ["b2"]);
  });

  it("are listed by the hundred, and end at once and not by the clock", async () => {
    const bus = await brokers.open();
    const group = unique();
    const slots = Array.from({ length: 1500 }, (_, index) => `s${String(index).padStart(4, "0")}`);
    await Promise.all(slots.map((slot) => bus.deadLetters.put(group, slot, outbound("x", slot))));
    const began = performance.now();
    expect(await listed(bus, `${group}-none`)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(450);
    expect((await listed(bus, group)).map(({ handle }) => handle)).toEqual(slots);
    await expect(bus.deadLetters.remove(group, slots)).resolves.toBe(1500);
    expect(await listed(bus, group)).toEqual([]);
  });

  it("wait for a slow reader without losing the connection", { timeout: 30_000 }, async () => {
    const bus = await brokers.open({ native: { keepaliveSeconds: 1 } });
    const group = unique();
    const slots = Array.from({ length: 600 }, (_, index) => `s${index}`);
    await Promise.all(slots.map((slot) => bus.deadLetters.put(group, slot, outbound("x", slot))));
    let count = 0;
    for await (const _ of bus.deadLetters.list(group)) if (++count === 1) await lostForNotReading(mosquittoUrl);
    expect(count).toBe(600);
    await bus.deadLetters.remove(group, slots);
  });

  it("can be left in the middle, and aborted", async () => {
    const bus = await brokers.open();
    const group = unique();
    for (const slot of ["a", "b"]) await bus.deadLetters.put(group, slot, outbound("x", slot));
    for await (const { handle } of bus.deadLetters.list(group)) {
      expect(handle).toMatch(/^[ab]$/);
      break;
    }
    const caller = new AbortController();
    const aborted = (async () => {
      for await (const _ of bus.deadLetters.list(group, { signal: caller.signal })) caller.abort(new Error("enough"));
    })();
    await expect(aborted).rejects.toThrow("enough");
    await bus.deadLetters.remove(group, ["a", "b"]);
  });

  it("are not handed to a subscriber of everything, and cost it no credit", async () => {
    const bus = await brokers.open();
    const group = unique();
    for (const slot of ["a", "b", "c"]) await bus.deadLetters.put(group, slot, outbound("x", slot));
    const topic = unique();
    const inbox = acknowledging();
    const subscriber = await bus.subscribe(request("**", { maxInFlight: 1 }), inbox.sink);
    await bus.publish(outbound(topic, "mine"));
    const ours = (): string[] => inbox.deliveries.map(({ record }) => record.address);
    await expect.poll(ours).toContain(topic);
    expect(ours().filter((address) => address.startsWith("_busbar"))).toEqual([]);
    await subscriber.close();
    await bus.deadLetters.remove(group, ["a", "b", "c"]);
  });

  it("are readable by a foreign client", async () => {
    const bus = await brokers.open();
    const group = unique();
    await bus.deadLetters.put(group, "a", outbound("x", "body"));
    const reader = await foreign(mosquittoUrl);
    const got = new Promise<string[]>((resolve) => {
      reader.on("message", (topic, payload, { retain }) => resolve([topic, payload.toString(), String(retain)]));
    });
    await reader.subscribeAsync(`_busbar/dlq/${group}/#`);
    await expect(got).resolves.toEqual([`_busbar/dlq/${group}/a`, "body", "true"]);
    await reader.endAsync();
    await bus.deadLetters.remove(group, ["a"]);
  });

  it("refuse a slot that is none", async () => {
    const bus = await brokers.open();
    for (const slot of ["", "a/b", "+", "#"]) {
      await expect(bus.deadLetters.put("g", slot, outbound("x", "y"))).rejects.toMatchObject({
        code: "BUSBAR_INVALID_ARGUMENT",
      });
      await expect(bus.deadLetters.remove("g", [slot])).rejects.toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
    }
  });
});

describeOnRabbit("on RabbitMQ's MQTT plugin", () => {
  const rabbits = new Brokers(rabbitUrl);
  afterEach(() => rabbits.close());

  it("what it cannot do is found out while opening, and refused", async () => {
    const bus = rabbits.make({ native: { protocolVersion: 4 } });
    const { supports } = await bus.open();
    expect(supports).toMatchObject({
      deadLetters: "unsupported",
      groups: "unsupported",
      headers: "unsupported",
      durable: "native",
    });
    const refusal = { code: "BUSBAR_UNSUPPORTED" };
    await expect(bus.deadLetters.put("g", "a", outbound("x", "y"))).rejects.toMatchObject(refusal);
    await expect(listed(bus, "g")).rejects.toMatchObject(refusal);
    await expect(bus.subscribe(request("a", { group: "g" }), () => {})).rejects.toMatchObject(refusal);
    await expect(bus.publish(outbound("a", "", { headers: { one: "1" } }))).rejects.toMatchObject(refusal);
  });

  it("version 5 is refused with what to do", async () => {
    const error = expect.objectContaining({
      message: expect.stringContaining("native.protocolVersion to 4") as string,
    }) as Error;
    await expect(rabbits.make().open()).rejects.toEqual(error);
  });

  it("a durable subscription keeps what is unsettled and what comes while it is away", async () => {
    const bus = await rabbits.open({ native: { protocolVersion: 4 } });
    const topic = `${unique()}.room`;
    const asked = request(topic, { durable: true, maxInFlight: 2 });
    const inbox = acknowledging();
    const first = await bus.subscribe(asked, () => {});
    for (const body of ["a", "b", "c"]) await bus.publish(outbound(topic, body));
    await first.close();
    await bus.publish(outbound(topic, "d"));
    const second = await bus.subscribe(asked, inbox.sink);
    await inbox.received(4);
    expect(new Set(inbox.texts)).toEqual(new Set(["a", "b", "c", "d"]));
    await second.remove();
  });
});
