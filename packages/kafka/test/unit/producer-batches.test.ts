import { describe, expect, it } from "vitest";
import type { ClientMessage, ClientPosition } from "../../src/client.ts";
import { NeverSent } from "../../src/never-sent.ts";
import { ProducerBatches } from "../../src/producer-batches.ts";
import { rejection } from "../fixtures.ts";

interface Request {
  readonly topic: string;
  readonly messages: readonly ClientMessage[];
  readonly bodies: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A cluster that answers when the test says so. */
function cluster(limit?: number, { mayShrink = false, keepsOnce = false } = {}) {
  const requests: Request[] = [];
  let arrived: () => void = () => {};
  const gone: string[] = [];
  let asked: ((answer: (isBack: boolean) => void) => void) | undefined;
  /** The next time that it is asked whether a topic comes back, the test answers. */
  const askedFor = () => new Promise<(isBack: boolean) => void>((resolve) => (asked = resolve));
  const batches = new ProducerBatches({
    prepare: () => Promise.resolve(limit),
    mayShrink,
    keepsOnce,
    onTopicGone: (topic) => (asked === undefined ? Promise.resolve(gone.push(topic) > 1) : new Promise(asked)),
    send: (topic, messages) =>
      new Promise<readonly ClientPosition[]>((resolve, reject) => {
        const bodies = messages.map(({ value }) => String(value));
        requests.push({
          topic,
          messages,
          bodies,
          reject,
          resolve: () => resolve(bodies.map((_, offset) => ({ partition: 0, offset }))),
        });
        arrived();
      }),
  });
  const request = async (index: number): Promise<Request> => {
    while (requests[index] === undefined) await new Promise<void>((resolve) => (arrived = resolve));
    return requests[index];
  };
  const publish = (topic: string, body: string, sending = 1): Promise<ClientPosition | undefined> =>
    batches.publish(topic, message(body), { token: `${topic} ${body}`, sending });
  return { batches, requests, request, publish, gone, askedFor };
}

const message = (body: string): ClientMessage => ({ key: null, value: Buffer.from(body), headers: {}, timestamp: 1 });
const protocolError = (type: string, retriable = false): Error =>
  Object.assign(new Error(type), { name: "KafkaJSProtocolError", type, retriable });
const connectionLost = (): Error => Object.assign(new Error("gone"), { name: "KafkaJSConnectionClosedError" });

describe("batches", () => {
  it("hold what one turn published, and one of a topic is on its way at a time", async () => {
    const { publish, request, requests } = cluster();
    const all = [publish("a", "1"), publish("a", "2"), publish("b", "1")];
    const first = await request(0);
    await request(1);
    all.push(publish("a", "3"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(requests.map(({ topic, bodies }) => [topic, ...bodies])).toEqual([
      ["a", "1", "2"],
      ["b", "1"],
    ]);
    first.resolve();
    expect((await request(2)).bodies).toEqual(["3"]);
    requests.forEach(({ resolve }) => resolve());
    expect((await Promise.all(all)).map((position) => position?.offset)).toEqual([0, 1, 0, 0]);
  });

  it("are full at 500 records or half a megabyte", async () => {
    const { publish, request } = cluster();
    const all = Array.from({ length: 501 }, (_, index) => publish("a", String(index)));
    all.push(...Array.from({ length: 3 }, (_, index) => publish("b", "x".repeat(200_000) + index)));
    const [a, b] = [await request(0), await request(1)];
    expect([a.bodies.length, b.bodies.length]).toEqual([500, 2]);
    a.resolve();
    b.resolve();
    expect((await request(2)).bodies).toEqual(["500"]);
    (await request(2)).resolve();
    (await request(3)).resolve();
    await Promise.all(all);
  });

  it("leave out a record that the topic does not take, and send the others", async () => {
    const { publish, request } = cluster(500);
    const [small, large, other] = [publish("a", "1"), publish("a", "x".repeat(600)), publish("a", "2")];
    expect(await rejection(large)).toMatchObject({ code: "BUSBAR_TOO_LARGE", retryable: false });
    const sent = await request(0);
    expect(sent.bodies).toEqual(["1", "2"]);
    sent.resolve();
    await Promise.all([small, other]);
  });

  it("leave what is too large to the broker where it is compressed first", async () => {
    const { publish, request } = cluster(200, { mayShrink: true });
    const all = [publish("a", "x".repeat(300)), publish("a", "y")];
    const large = await request(0);
    expect(large.bodies).toEqual(["x".repeat(300)]);
    large.resolve();
    expect((await request(1)).bodies).toEqual(["y"]);
    (await request(1)).resolve();
    await Promise.all(all);
  });

  it("reject, retryable and in order, what is behind a failure that may pass, in that topic alone", async () => {
    const { publish, request } = cluster();
    const order: string[] = [];
    const watch = (name: string, work: Promise<unknown>): Promise<unknown> =>
      rejection(work).then((error) => (order.push(name), error));
    const first = watch("first", publish("a", "1"));
    const b = publish("b", "1");
    const request0 = await request(0);
    const second = watch("second", publish("a", "2"));
    request0.reject(connectionLost());
    expect(await first).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    expect(await second).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(order).toEqual(["first", "second"]);
    (await request(1)).resolve();
    await b;
    const again = publish("a", "1", 2);
    (await request(2)).resolve();
    await again;
  });

  it("reject everything at once when the connection is gone, and forget the late answer", async () => {
    const { batches, publish, request } = cluster();
    const sent = publish("a", "1");
    const request0 = await request(0);
    const waiting = publish("a", "2");
    batches.fail(connectionLost());
    expect(await rejection(sent)).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN" });
    expect(await rejection(waiting)).toMatchObject({ code: "BUSBAR_CONNECTION" });
    const next = publish("a", "3");
    expect((await request(1)).bodies).toEqual(["3"]);
    request0.resolve();
    (await request(1)).resolve();
    await next;
    await batches.idle();
  });

  it("do not fail later records for one that will never be taken", async () => {
    const { publish, request } = cluster();
    const first = publish("a", "1");
    const request0 = await request(0);
    const second = publish("a", "2");
    request0.reject(protocolError("TOPIC_AUTHORIZATION_FAILED"));
    expect(await rejection(first)).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    (await request(1)).resolve();
    await second;
  });

  it("find the one record that a broker refuses by sending each alone the next time", async () => {
    const { publish, request } = cluster();
    const failed = [publish("a", "good"), publish("a", "bad")].map(rejection);
    (await request(0)).reject(protocolError("INVALID_RECORD"));
    for (const error of await Promise.all(failed))
      expect(error).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    const [good, bad] = [publish("a", "good", 2), rejection(publish("a", "bad", 2))];
    (await request(1)).resolve();
    (await request(2)).reject(protocolError("INVALID_RECORD"));
    expect((await request(1)).bodies).toEqual(["good"]);
    await good;
    expect(await bad).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
  });

  it("ask whether a topic that is gone comes back", async () => {
    const { publish, request, gone } = cluster();
    const lost = [rejection(publish("a", "1")), rejection(publish("b", "1"))];
    for (const index of [0, 1]) (await request(index)).reject(protocolError("UNKNOWN_TOPIC_OR_PARTITION", true));
    expect(await lost[0]).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: false });
    expect(await lost[1]).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: true });
    expect(gone).toEqual(["a", "b"]);
  });

  it("send once more, in order, what was never sent because of a topic that is there after all", async () => {
    const { publish, request, gone } = cluster();
    gone.push("it comes back the second time that it is asked for");
    const [first, second] = [publish("a", "1"), publish("a", "2")];
    (await request(0)).reject(new NeverSent(protocolError("UNKNOWN_TOPIC_OR_PARTITION", true)));
    const again = await request(1);
    const behind = publish("a", "3");
    expect(again.bodies).toEqual(["1", "2"]);
    again.resolve();
    expect((await request(2)).bodies).toEqual(["3"]);
    (await request(2)).resolve();
    expect((await Promise.all([first, second, behind])).map((position) => position?.offset)).toEqual([0, 1, 0]);
  });

  it("send it no third time", async () => {
    const { publish, request, requests, gone } = cluster();
    gone.push("it comes back the second time that it is asked for");
    const lost = rejection(publish("a", "1"));
    for (const index of [0, 1])
      (await request(index)).reject(new NeverSent(protocolError("UNKNOWN_TOPIC_OR_PARTITION", true)));
    expect(await lost).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: true });
    expect(requests).toHaveLength(2);
  });

  it("do not say that it may have been written where nothing was sent", async () => {
    const { publish, request } = cluster();
    const [unsent, sent] = [rejection(publish("a", "1")), rejection(publish("b", "1"))];
    (await request(0)).reject(new NeverSent(connectionLost()));
    (await request(1)).reject(connectionLost());
    expect(await unsent).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(await sent).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
  });

  it("do not send again what a lost connection has rejected meanwhile", async () => {
    const { batches, publish, request, requests, askedFor } = cluster();
    const lost = rejection(publish("a", "1"));
    const comesBack = askedFor();
    (await request(0)).reject(new NeverSent(protocolError("UNKNOWN_TOPIC_OR_PARTITION", true)));
    const answer = await comesBack;
    batches.fail(connectionLost());
    answer(true);
    expect(await lost).toMatchObject({ retryable: true });
    const next = publish("a", "2");
    (await request(1)).resolve();
    await next;
    expect(requests.map(({ bodies }) => bodies)).toEqual([["1"], ["2"]]);
  });

  describe("where the cluster keeps once what is sent twice", () => {
    const later = async (promises: readonly Promise<unknown>[]) => {
      for (const promise of promises) expect(await rejection(promise)).toMatchObject({ retryable: true });
    };

    it("are sent again as they were, before all others, for whoever publishes one of theirs again", async () => {
      const { batches, publish, request, requests } = cluster(undefined, { keepsOnce: true });
      const lost = [publish("a", "1"), publish("a", "2"), publish("a", "3")];
      const first = await request(0);
      const behind = publish("a", "4");
      batches.fail(connectionLost());
      await later([...lost, behind]);
      const again = [publish("a", "1", 2), publish("a", "5")];
      const second = await request(1);
      expect(second.bodies).toEqual(["1", "2", "3"]);
      expect(second.messages).toBe(first.messages);
      // One comes again while it is on its way, one when it is there.
      again.push(publish("a", "2", 2));
      second.resolve();
      expect((await request(2)).bodies).toEqual(["5"]);
      again.push(publish("a", "3", 2));
      (await request(2)).resolve();
      expect((await Promise.all(again)).map((position) => position?.offset)).toEqual([0, 0, 1, 2]);
      // The late answer of the first changes nothing.
      first.resolve();
      expect(requests).toHaveLength(3);
    });

    it("are sent again as often as it takes", async () => {
      const { batches, publish, request } = cluster(undefined, { keepsOnce: true });
      const lost = publish("a", "1");
      const { messages } = await request(0);
      batches.fail(connectionLost());
      await later([lost]);
      const second = publish("a", "1", 2);
      (await request(1)).reject(protocolError("NOT_LEADER_FOR_PARTITION", true));
      await later([second]);
      const third = publish("a", "1", 3);
      expect((await request(2)).messages).toBe(messages);
      (await request(2)).resolve();
      expect(await third).toEqual({ partition: 0, offset: 0 });
    });

    it("are never said to be unsent while they are kept, since they will be sent", async () => {
      const { publish, request } = cluster(undefined, { keepsOnce: true });
      const unled = publish("a", "1");
      (await request(0)).reject(protocolError("NOT_LEADER_FOR_PARTITION", true));
      expect(await rejection(unled)).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    });

    it("are others where the cluster refused them, or lost count", async () => {
      const { publish, request } = cluster(undefined, { keepsOnce: true });
      const refused = publish("a", "1");
      (await request(0)).reject(protocolError("TOPIC_AUTHORIZATION_FAILED"));
      expect(await rejection(refused)).toMatchObject({ retryable: false });
      const uncounted = publish("a", "2");
      expect((await request(1)).bodies).toEqual(["2"]);
      (await request(1)).reject(protocolError("OUT_OF_ORDER_SEQUENCE_NUMBER"));
      expect(await rejection(uncounted)).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
      const again = [publish("a", "2", 2), publish("a", "3")];
      expect((await request(2)).messages).not.toBe((await request(1)).messages);
      expect((await request(2)).bodies).toEqual(["2", "3"]);
      (await request(2)).resolve();
      await Promise.all(again);
    });
  });
});
