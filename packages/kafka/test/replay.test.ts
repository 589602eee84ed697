import { expect, it } from "vitest";
import { bodies, collect, numbers, rejection, request, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("a subscription that nobody has open", ({ broker, plain, producer, publishAll, committed }) => {
  // Not long ago: what is older than a topic keeps, which is a week, is gone with the next look of the broker, every five minutes.
  const begin = Date.now() - 3_600_000;
  const filled = async (): Promise<string> => {
    const topic = unique("replay");
    const admin = plain.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
    await admin.disconnect();
    // By somebody who says when it was: the bus's messages are of now.
    const messages = numbers(12).map((value) => ({
      key: `k${Number(value) % 5}`,
      value,
      timestamp: String(begin + 1_000 * Number(value)),
    }));
    await producer.send({ topic, messages });
    return topic;
  };
  const handled = async (wanted: ReturnType<typeof request>): Promise<string[]> => {
    const { inbox, subscriber } = await collect(broker, wanted);
    // To every partition, so that what comes at all has come before the last of them.
    const ends = numbers(20).map((text) => `${unique("end")} ${text}`);
    await publishAll(wanted.filter, ends, (text) => text);
    await inbox.until((items) => ends.every((end) => bodies(items).includes(end)));
    await subscriber.close();
    // Each once: where the group's coordinator has just come up, a commit may fail, and what it was for comes again.
    return [...new Set(bodies(inbox.items).filter((text) => !text.startsWith("end")))];
  };
  const sorted = (texts: readonly string[]) => [...texts].sort((one, other) => Number(one) - Number(other));

  it("can go back to a time, to the beginning and to an offset, and forward to the end", async () => {
    const topic = await filled();
    const wanted = request(topic, { startFrom: "earliest" });
    const subscription = wanted.name;
    expect(sorted(await handled(wanted))).toEqual(numbers(12));
    await broker.replay({ subscription, to: "latest" });
    expect(await handled(wanted)).toEqual([]);
    await broker.replay({ subscription, to: new Date(begin + 7_000) });
    expect(sorted(await handled(wanted))).toEqual(numbers(5, 7));
    const places = await broker.replay({ subscription, to: "earliest" });
    expect(places).toHaveLength(3);
    expect(places.every(({ offset }) => offset === 0)).toBe(true);
    const [first] = places;
    if (first === undefined) throw new Error("there are three");
    await broker.replay({ subscription, to: "latest" });
    const before = await committed(subscription);
    await broker.replay({ subscription, to: [{ ...first, offset: 1 }] });
    expect(await committed(subscription)).toEqual(new Map([...before, [`${topic}:${first.partition}`, 1]]));
    await broker.replay({ subscription, to: new Date(begin + 86_400_000 * 365 * 10) });
    expect(await handled(wanted)).toEqual([]);
  });

  it("can begin at a time where it never was before", async () => {
    const topic = await filled();
    const wanted = request(topic);
    await broker.replay({ subscription: wanted.name, topics: [topic], to: new Date(begin + 9_000) });
    expect(sorted(await handled(wanted))).toEqual(numbers(3, 9));
  });

  it("is not moved while it is open, nor to where there is nothing", async () => {
    const topic = await filled();
    const wanted = request(topic, { startFrom: "earliest" });
    const subscription = wanted.name;
    const { inbox, subscriber } = await collect(broker, wanted);
    await inbox.count(12);
    expect(await rejection(broker.replay({ subscription, to: "earliest" }))).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
    await subscriber.close();
    const before = await committed(subscription);
    const invalid = { code: "BUSBAR_INVALID_ARGUMENT", retryable: false };
    for (const to of [
      [{ topic, partition: 0, offset: 10_000 }],
      [{ topic, partition: 9, offset: 0 }],
      new Date(Number.NaN),
      "yesterday" as "earliest",
    ])
      expect(await rejection(broker.replay({ subscription, to }))).toMatchObject(invalid);
    expect(await rejection(broker.replay({ subscription: unique("nobody"), to: "latest" }))).toMatchObject(invalid);
    expect(await committed(subscription)).toEqual(before);
  });

  it("is moved after another could not be, since its topic is not there", async () => {
    const topic = await filled();
    const wanted = request(topic);
    const nowhere = { subscription: wanted.name, topics: [unique("nowhere")], to: "earliest" } as const;
    expect(await rejection(broker.replay(nowhere))).toMatchObject({ code: "BUSBAR_NOT_FOUND" });
    await broker.replay({ subscription: wanted.name, topics: [topic], to: new Date(begin + 9_000) });
    expect(sorted(await handled(wanted))).toEqual(numbers(3, 9));
  });
});
