import { connect } from "@busbar/core";
import type { Bus, DeadLetter } from "@busbar/core";
import { afterEach, expect, it, onTestFinished } from "vitest";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { acknowledging, Brokers, foreign, outbound, request, unique } from "./fixtures.ts";

const brokers = new Brokers(mosquittoUrl);
afterEach(() => brokers.close());

const four = { protocolVersion: 4 } as const;
const wrapping = { protocolVersion: 4, envelope: true } as const;

async function lettersOf(bus: Bus, group: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of bus.deadLetters(group).list()) letters.push(letter);
  return letters;
}

describeOnMosquitto("an envelope on MQTT 3.1.1", () => {
  it("carries what the protocol has no place for, and is plain JSON to who does not open it", async () => {
    const [bus, closed] = [await brokers.open({ native: wrapping }), await brokers.open({ native: four })];
    const topic = unique();
    const [opened, unopened] = [acknowledging(), acknowledging()];
    await bus.subscribe(request(topic), opened.sink);
    await closed.subscribe(request(topic), unopened.sink);
    const sent = outbound(topic, Uint8Array.from([0, 255, 128]), {
      headers: { unit: "°C" },
      key: "kitchen",
      contentType: "image/x-thermal",
    });
    await bus.publish(sent);
    await Promise.all([opened.received(1), unopened.received(1)]);
    const { id, timestamp, key, headers, contentType } = sent;
    expect(opened.deliveries[0]?.record).toMatchObject({ id, timestamp, key, headers, contentType });
    expect(opened.deliveries[0]?.record.body).toEqual(Buffer.from([0, 255, 128]));
    expect(JSON.parse(unopened.texts[0] ?? "")).toEqual({
      "busbar-envelope": 1,
      id,
      timestamp,
      key,
      headers,
      contentType,
      body: "AP+A",
    });
    expect(unopened.deliveries[0]?.record.headers).toEqual({});
  });

  it("is opened only where that was asked for, and lets what is none through as it is", async () => {
    const [bus, closed] = [await brokers.open({ native: wrapping }), await brokers.open({ native: four })];
    const device = await foreign(mosquittoUrl, { protocolVersion: 4 });
    const topic = unique();
    const [opened, unopened] = [acknowledging(), acknowledging()];
    await bus.subscribe(request(topic), opened.sink);
    await closed.subscribe(request(topic), unopened.sink);
    const plain = ['{"celsius":21.5}', '{"busbar-envelope":1,"celsius":21.5}', ""];
    const looksLikeOne = '{"busbar-envelope":1,"id":"i","contentType":"text/plain","body":"eA=="}';
    for (const payload of [...plain, looksLikeOne])
      await device.publishAsync(topic.replaceAll(".", "/"), payload, { qos: 1 });
    await Promise.all([opened.received(4), unopened.received(4)]);
    expect(unopened.texts).toEqual([...plain, looksLikeOne]);
    expect(opened.texts).toEqual([...plain, "x"]);
    expect(opened.deliveries[3]?.record).toMatchObject({ id: "i", contentType: "text/plain" });
    await device.endAsync();
  });

  it("gives MQTT 3.1.1 headers, text, answers and dead letters, which it refuses without", async () => {
    const service = { service: "envelope", instance: "0" };
    const bus = await connect({ ...service, brokers: { main: { url: mosquittoUrl, native: wrapping } } });
    const bare = await connect({ ...service, brokers: { main: { url: mosquittoUrl, native: four } } });
    onTestFinished(async () => void (await Promise.all([bus.close(), bare.close()])));
    const [topic, group] = [unique(), unique()];
    for (const options of [{ headers: { a: "1" } }, { key: "k" }, { contentType: "text/plain" }])
      await expect(bare.publish(topic, "21.5", options)).rejects.toMatchObject({ code: "BUSBAR_UNSUPPORTED" });
    await expect(bare.request(topic, 1)).rejects.toMatchObject({ code: "BUSBAR_UNSUPPORTED" });

    await bus.respond(`${topic}.double`, (value: unknown) => 2 * Number(value));
    await expect(bus.request(`${topic}.double`, 21)).resolves.toBe(42);

    const seen: unknown[] = [];
    const subscription = await bus.subscribe(
      topic,
      { group, retry: { attempts: 1 } },
      (payload, { headers, contentType }) => {
        seen.push([payload, headers, contentType]);
        throw new Error("not today");
      },
    );
    await bus.publish(topic, "21.5", { headers: { unit: "celsius" }, contentType: "text/plain" });
    await expect.poll(() => lettersOf(bus, group)).toHaveLength(1);
    expect(seen).toEqual([["21.5", { unit: "celsius" }, "text/plain"]]);
    await bus.deadLetters(group).drop();
    await subscription.close();
    await bus.forget({ group, filter: topic });
  });
});
