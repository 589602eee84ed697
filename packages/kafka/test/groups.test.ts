import type { Delivery } from "@busbar/core/contract";
import { expect, it } from "vitest";
import { bodies, collect, Inbox, numbers, request, statuses, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("the members of a group", ({ make, broker, plain, publishAll }) => {
  it("hand over in order: what runs ends first, is committed, and is not run again", async () => {
    const topic = unique("hand.over");
    const wanted = request(topic);
    const other = make();
    await other.open();
    const handled = new Inbox<string>();
    const handle = (ms: number) => (delivery: Delivery) =>
      void setTimeout(() => {
        if (delivery.stale) return;
        delivery.settle("ack");
        handled.add(Buffer.from(delivery.record.body).toString());
      }, ms);
    const taken = new Inbox<Delivery>();
    const first = await broker.subscribe(wanted, (delivery) => {
      taken.add(delivery);
      handle(300)(delivery);
    });
    await publishAll(topic, numbers(9));
    await taken.count(9);
    // The second one waits for the first, whose handlers run.
    const second = await other.subscribe(wanted, handle(0));
    await publishAll(topic, numbers(60, 100));
    await handled.count(69);
    expect([...handled.items].sort()).toEqual([...numbers(9), ...numbers(60, 100)].sort());
    expect(taken.items.slice(0, 9).map(({ redelivered }) => redelivered)).not.toContain(true);
    expect(new Set(bodies(taken.items)).size).toBe(taken.items.length);
    await first.close();
    await second.remove();
    await other.close();
  });

  it("are none who forgets a group, which makes no topic, and deletes what was committed unread", async () => {
    const topic = unique("forgotten");
    const wanted = request(topic);
    await broker.forget(wanted);
    const admin = plain.admin();
    await admin.connect();
    expect(await admin.listTopics()).not.toContain(topic);
    await admin.disconnect();
    await (await broker.subscribe(wanted, () => undefined)).close();
    await publishAll(topic, numbers(3));
    expect(await broker.lag.lag(wanted.name)).toBe(3);
    await broker.forget(wanted);
    expect(await broker.lag.lag(wanted.name)).toBeUndefined();
  });

  it("are two where one process subscribes twice: each message goes to one, and who closes leaves the rest to the other", async () => {
    const topic = unique("same.process");
    const wanted = request(topic);
    const got = new Inbox<{ readonly by: string; readonly text: string }>();
    const member = (by: string) =>
      broker.subscribe(wanted, (delivery) => {
        delivery.settle("ack");
        got.add({ by, text: Buffer.from(delivery.record.body).toString() });
      });
    const [first, second] = [await member("first"), await member("second")];
    await publishAll(topic, numbers(60), (text) => text);
    await got.count(60);
    expect(new Set(got.items.map(({ by }) => by))).toEqual(new Set(["first", "second"]));
    await first.close();
    await publishAll(topic, numbers(60, 60), (text) => text);
    await got.count(120);
    expect(new Set(got.items.slice(60).map(({ by }) => by))).toEqual(new Set(["second"]));
    expect(got.items.map(({ text }) => Number(text)).sort((one, other) => one - other)).toEqual(
      numbers(120).map(Number),
    );
    await second.remove();
  });

  it("give up what runs too long, which is then stale and goes to another", async () => {
    const topic = unique("too.long");
    const wanted = request(topic);
    const [one, two] = [make({ revokeWaitMs: 300 }), make()];
    await Promise.all([one.open(), two.open()]);
    const first = await collect(one, wanted, { settle: false });
    const told = statuses(one);
    await publishAll(topic, numbers(9));
    await first.inbox.count(9);
    const before = first.inbox.items.slice();
    await collect(two, wanted, { inbox: first.inbox });
    expect(before.every(({ stale }) => stale)).toBe(true);
    before.forEach((delivery) => delivery.settle("ack"));
    const after = await first.inbox.count(18);
    expect(bodies(after.slice(9)).sort()).toEqual(numbers(9));
    const [revoked, ...others] = told.items.filter(({ type }) => type !== "settlement-failed");
    expect(others).toEqual([]);
    // Three partitions over two members: some went, some stayed.
    expect(revoked).toMatchObject({ type: "revoked", name: wanted.name });
    const gone = revoked?.type === "revoked" ? revoked.positions : [];
    expect(before.map(({ position }) => position)).toEqual(expect.arrayContaining([...gone]));
    expect(new Set(gone.map((position) => position.split(":")[1])).size).toBeLessThan(3);
    await Promise.all([one.close(), two.close()]);
  });
});
