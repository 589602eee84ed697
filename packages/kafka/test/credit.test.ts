import { expect, it } from "vitest";
import { bodies, collect, Inbox, numbers, record, request, statuses, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("a subscription", ({ make, broker, plain, publishAll }) => {
  /** The one member that a group has. */
  const memberOf = async (group: string): Promise<string | undefined> => {
    const admin = plain.admin();
    await admin.connect();
    const { groups } = await admin.describeGroups([group]);
    await admin.disconnect();
    expect(groups[0]?.members).toHaveLength(1);
    return groups[0]?.members[0]?.memberId;
  };

  /** Resolves once the cluster has put so many members out, one after the other, that joined after the call and gave no sign of life. */
  const sessionsRunOut = async (sessionTimeout: number, count: number) => {
    const [admin, topic] = [plain.admin(), unique("silent")];
    await admin.connect();
    await broker.publish(record(topic));
    for (let left = count; left > 0; left--) {
      const groupId = unique("silent");
      const silent = plain.consumer({ groupId, sessionTimeout, heartbeatInterval: sessionTimeout - 1 });
      let wake = (): void => undefined;
      // kafkajs gives no sign of life meanwhile.
      const asleep = new Promise<void>((resolve) => (wake = resolve));
      const taken = new Inbox<string>();
      await silent.connect();
      await silent.subscribe({ topics: [topic], fromBeginning: true });
      await silent.run({
        eachMessage: () => {
          taken.add(groupId);
          return asleep;
        },
      });
      await taken.count(1);
      const members = async () => (await admin.describeGroups([groupId])).groups[0]?.members;
      await expect.poll(members, { timeout: 20_000, interval: 100 }).toEqual([]);
      wake();
      await silent.disconnect();
    }
    await admin.disconnect();
  };

  it("has never more out than its credit, lets one slow message hold up nobody, and stays a member meanwhile", async () => {
    const topic = unique("credit");
    const sessionTimeoutMs = 1_500;
    const short = make({ sessionTimeoutMs });
    await short.open();
    const seen = statuses(short);
    const held = new Inbox<() => void>();
    let out = 0;
    let most = 0;
    let again = 0;
    const handled = new Inbox<string>();
    const wanted = request(topic, { maxInFlight: 4 });
    const subscriber = await short.subscribe(wanted, (delivery) => {
      if (delivery.redelivered) again++;
      most = Math.max(most, ++out);
      const text = Buffer.from(delivery.record.body).toString();
      const done = (): void => {
        out--;
        delivery.settle("ack");
        handled.add(text);
      };
      if (text === "slow") held.add(done);
      else setImmediate(done);
    });
    await broker.publish(record(topic, "slow", { key: "slow" }));
    await held.count(1);
    await publishAll(topic, numbers(400));
    await handled.count(400);
    // Full: four slow ones; far longer than the session would last without a sign of life.
    await Promise.all(numbers(40).map(() => broker.publish(record(topic, "slow", { key: "slow" }))));
    await held.count(4);
    const member = await memberOf(wanted.name);
    await sessionsRunOut(sessionTimeoutMs, 2);
    expect(await memberOf(wanted.name)).toBe(member);
    expect(most).toBe(4);
    expect(held.items).toHaveLength(4);
    for (let index = 0; index < 41; index++) {
      await held.count(index + 1);
      held.items[index]?.();
    }
    await handled.count(441);
    expect([most, again]).toEqual([4, 0]);
    expect(seen.items).toEqual([]);
    await subscriber.close();
    await short.close();
  });

  it("fetches as soon as it has its place, however long a fetch may wait", async () => {
    const topic = unique("soon");
    const patient = make({ fetchWaitMs: 20_000 });
    await patient.open();
    const { inbox } = await collect(patient, request(topic));
    await patient.publish(record(topic, "first"));
    expect(bodies(await inbox.count(1))).toEqual(["first"]);
    await patient.close();
  }, 10_000);

  it("gives one message again, with bytes of its own, when it is released", async () => {
    const topic = unique("release");
    const { inbox, subscriber } = await collect(broker, request(topic, { maxInFlight: 1 }), { settle: false });
    await broker.publish(record(topic, "again"));
    const [first] = await inbox.count(1);
    first?.record.body.fill(0);
    first?.settle("release");
    const [, second] = await inbox.count(2);
    expect(bodies(second === undefined ? [] : [second])).toEqual(["again"]);
    expect(second).toMatchObject({ redelivered: true, position: first?.position });
    first?.settle("ack");
    await subscriber.flush();
    second?.settle("ack");
    await subscriber.remove();
  });

  it("pauses and resumes without losing its place", async () => {
    const topic = unique("pause");
    const { inbox, subscriber } = await collect(broker, request(topic));
    subscriber.pause();
    await publishAll(topic, numbers(20));
    const marker = unique("pause.marker");
    const other = await collect(broker, request(marker));
    await broker.publish(record(marker, "x"));
    await other.inbox.count(1);
    expect(inbox.items).toHaveLength(0);
    subscriber.resume();
    expect(new Set(bodies(await inbox.count(20))).size).toBe(20);
    await Promise.all([subscriber.remove(), other.subscriber.remove()]);
  });
});
