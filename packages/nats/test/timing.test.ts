import { afterAll, describe, expect, it } from "vitest";
import { acknowledging, errorOf, openBroker, record, request, streamsOf, unique } from "./fixtures.ts";
import { latestServer } from "./latest-server.ts";

const server = await latestServer();
afterAll(() => server?.destroy());
const url = server?.url ?? "";
const api = () => streamsOf(new URL(url).host);

describe.skipIf(server === undefined)("on a server that knows of times, a message", () => {
  it("expires in whole seconds, rounded up, and is gone from its stream then", async () => {
    const token = unique();
    const broker = await openBroker({ url });
    const { position = "" } = await broker.publish(record(`${token}.a`, "short", { expiresInMs: 1_001 }));
    await broker.publish(record(`${token}.a`, "long", { expiresInMs: 60_000 }));
    const stream = position.split("/")[0] ?? "";
    const { streams } = await api();
    const stored = await streams.getMessage(stream, { seq: 1 });
    expect(stored?.header.get("Nats-TTL")).toBe("2s");
    await expect
      .poll(async () => (await streams.info(stream)).state.messages, { timeout: 10_000, interval: 50 })
      .toBe(1);
    const lived = Date.now() - (stored?.time.getTime() ?? 0);
    expect(lived).toBeGreaterThanOrEqual(2_000);
  });

  it("that is delayed comes once, not before its time, as it was sent, and leaves nothing behind", async () => {
    const token = unique();
    const broker = await openBroker({ url });
    const inbox = acknowledging();
    const everything = acknowledging();
    await broker.subscribe(request(`${token}.*`, { group: "g" }), inbox.sink);
    await broker.subscribe(request("**", { group: unique() }), everything.sink);
    const due = Date.now() + 700;
    const sent = record(`${token}.later`, "later", { delayMs: 700, key: "k", headers: { "x-one": "1" } });
    const { position = "" } = await broker.publish(sent);
    await broker.publish(record(`${token}.now`, "now"));
    await inbox.received(2);
    expect(Date.now()).toBeGreaterThanOrEqual(due);
    expect(inbox.texts).toEqual(["now", "later"]);
    const { id, key, headers, address } = inbox.deliveries[1]?.record ?? {};
    expect({ id, key, headers, address }).toEqual({
      id: sent.id,
      key: "k",
      headers: { "x-one": "1" },
      address: `${token}.later`,
    });
    await everything.received(2);
    expect(everything.texts).toEqual(["now", "later"]);
    const stream = position.split("/")[0] ?? "";
    const { streams } = await api();
    expect((await streams.info(stream, { subjects_filter: ">" })).state.subjects).toEqual({
      [`${token}.later`]: 1,
      [`${token}.now`]: 1,
    });
  });

  it("that is sent again is held back once, also where the first one is out already", async () => {
    const token = unique();
    const broker = await openBroker({ url });
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.a`, { group: "g" }), inbox.sink);
    const delayed = record(`${token}.a`, "once", { delayMs: 300 });
    await broker.publish(delayed);
    await broker.publish({ ...delayed, sending: 2 });
    await inbox.received(1);
    await broker.publish({ ...delayed, sending: 3 });
    await broker.publish(record(`${token}.a`, "last", { delayMs: 600 }));
    await inbox.received(2);
    expect(inbox.texts).toEqual(["once", "last"]);
  });

  it("that is delayed for longer than its stream keeps anything comes all the same", async () => {
    const token = unique();
    const broker = await openBroker({ url, native: { maxAgeMs: 1_000 } });
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.a`, { group: "g" }), inbox.sink);
    await broker.publish(record(`${token}.a`, "late", { delayMs: 3_000 }));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["late"]);
  });

  it("that is delayed expires after its time, and is refused where it would before", async () => {
    const token = unique();
    const broker = await openBroker({ url });
    const { position = "" } = await broker.publish(record(`${token}.a`, "both", { delayMs: 300, expiresInMs: 1_300 }));
    const { streams } = await api();
    const stream = position.split("/")[0] ?? "";
    const find = () => streams.getMessage(stream, { last_by_subj: `${token}.a` }).catch(() => null);
    await expect.poll(async () => (await find())?.header.get("Nats-TTL"), { timeout: 10_000, interval: 50 }).toBe("1s");
    await expect.poll(find, { timeout: 10_000, interval: 50 }).toBe(null);
    const error = await errorOf(broker.publish(record(`${token}.a`, "", { delayMs: 300, expiresInMs: 300 })));
    expect(error).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
    const far = await errorOf(broker.publish(record(`${token}.a`, "", { delayMs: 1e16 })));
    expect(far).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
  });

  it("that is delayed waits over a restart of the server", async () => {
    const token = unique();
    const broker = await openBroker({ url });
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.a`, { group: "g" }), inbox.sink);
    await broker.publish(record(`${token}.a`, "kept", { delayMs: 2_000 }));
    await server?.restart({ signal: "SIGTERM" });
    await inbox.received(1);
    expect(inbox.texts).toEqual(["kept"]);
  });

  it("is refused with a time of its own where its stream was made without", async () => {
    const token = unique();
    await (await api()).streams.add({ name: token, subjects: [token, `${token}.>`] });
    const broker = await openBroker({ url });
    const late = await errorOf(broker.publish(record(`${token}.a`, "", { delayMs: 100 })));
    expect(late).toMatchObject({ code: "BUSBAR_UNSUPPORTED", needs: [{ capability: "delay" }] });
    expect(String(late)).toContain("allow_msg_schedules");
    const short = await errorOf(broker.publish(record(`${token}.a`, "", { expiresInMs: 1_000 })));
    expect(short).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(String(short)).toContain("allow_msg_ttl");
    expect((await (await api()).streams.info(token)).state.messages).toBe(0);
  });

  it("is never dropped for room: where streams are bounded, none is delayed", async () => {
    const token = unique();
    const broker = await openBroker({ url, native: { maxBytes: 1_000_000 } });
    const error = await errorOf(broker.publish(record(`${token}.a`, "", { delayMs: 100 })));
    expect(error).toMatchObject({ code: "BUSBAR_UNSUPPORTED", needs: [{ capability: "delay" }] });
    const { position = "" } = await broker.publish(record(`${token}.a`));
    const { config } = await (await api()).streams.info(position.split("/")[0] ?? "");
    expect(config).toMatchObject({ discard: "new", allow_msg_ttl: true });
  });

  it("is delayed by a stream only", async () => {
    const broker = await openBroker({ url });
    const error = await errorOf(broker.publish(record("a.b", "", { delivery: "at-most-once", delayMs: 100 })));
    expect(error).toMatchObject({ code: "BUSBAR_UNSUPPORTED", needs: [{ capability: "delay" }] });
  });
});
