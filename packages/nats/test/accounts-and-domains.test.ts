import { describe, expect, it } from "vitest";
import { startInstance } from "../../../tools/brokers/index.mjs";
import {
  acknowledging,
  afterwards,
  canStart,
  errorOf,
  newBroker,
  openBroker,
  ownServer,
  record,
  request,
  streamsOf,
} from "./fixtures.ts";

describe.skipIf(!canStart)("a leaf node", () => {
  it("takes a service to the streams of its hub by native.domain, and keeps none of them itself", async () => {
    const hub = await startInstance("nats", {
      label: "hub",
      extraPorts: ["leaves"],
      config: ({ ports }) => ({
        settings: { jetstream: { domain: "hub" }, leafnodes: { listen: `127.0.0.1:${ports["leaves"]}` } },
      }),
    });
    afterwards(() => hub.destroy());
    const leaf = await ownServer({
      jetstream: { domain: "leaf" },
      leafnodes: { remotes: [{ url: `nats://127.0.0.1:${hub.ports["leaves"]}` }] },
    });
    const [near, far] = [await openBroker({ url: hub.url }), newBroker({ url: leaf.url, native: { domain: "hub" } })];
    // The leaf says that it is ready before it has reached its hub.
    await expect.poll(() => far.open().then(() => "open", String), { timeout: 10_000 }).toBe("open");
    const [atHub, atLeaf] = [acknowledging(), acknowledging()];
    await near.subscribe(request("a.*", { group: "hub" }), atHub.sink);
    const wanted = request("a.*", { group: "leaf" });
    const subscriber = await far.subscribe(wanted, atLeaf.sink);
    expect((await far.publish(record("a.b", "from the leaf"))).position).toMatch(/\/1$/);
    await near.publish(record("a.b", "from the hub"));
    await Promise.all([atHub.received(2), atLeaf.received(2)]);
    expect(atLeaf.texts).toEqual(["from the leaf", "from the hub"]);
    await subscriber.flush();
    // Acknowledged over the leaf, too.
    expect(await far.lag.lag(wanted.name)).toBe(0);
    const names = async (url: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const name of (await streamsOf(new URL(url).host)).streams.names()) found.push(name);
      return found;
    };
    expect(await names(hub.url)).toHaveLength(1);
    expect(await names(leaf.url)).toEqual([]);
  });
});

describe.skipIf(!canStart)("an account that may be answered under one prefix only", () => {
  it("does with native.inboxPrefix what the bus needs, and nothing without it", async () => {
    const user = { user: "saver", password: "salt" };
    const { ports } = await ownServer({
      authorization: {
        users: [
          {
            ...user,
            permissions: {
              publish: { allow: ["a.>", "$JS.API.>", "$JS.ACK.>", "_busbar.dlq.>"] },
              subscribe: { allow: ["_INBOX_saver.>"] },
            },
          },
        ],
      },
    });
    const url = `nats://saver:salt@127.0.0.1:${ports["nats"]}`;
    const broker = await openBroker({ url, native: { inboxPrefix: "_INBOX_saver" } });
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(request("a.*", { group: "g" }), inbox.sink);
    await broker.publish(record("a.b", "heard"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["heard"]);
    await subscriber.flush();
    await broker.deadLetters.put("g", "slot", record("a.b", "dead"));
    const letters: string[] = [];
    for await (const { record: letter } of broker.deadLetters.list("g"))
      letters.push(Buffer.from(letter.body).toString());
    expect(letters).toEqual(["dead"]);
    expect(broker.told.filter(({ type }) => type !== "connected")).toEqual([]);
    expect(await errorOf(newBroker({ url, connectTimeoutMs: 2_000 }).open())).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
  });
});
