import { afterAll, describe, expect, it } from "vitest";
import { InstanceUnavailableError, startInstance } from "../../../tools/brokers/index.mjs";
import { acknowledging, errorOf, openBroker, record, request, statusOf, streamsOf, unique } from "./fixtures.ts";

/** What each line of servers is the first to have, and what none before it has. */
const lines = [
  { name: "nats-2.11", version: /^2\.11\./, expiry: "native", delay: "unsupported" },
  { name: "nats-2.12", version: /^2\.12\./, expiry: "native", delay: "native" },
] as const;

async function serverOf(name: string): Promise<Awaited<ReturnType<typeof startInstance>> | undefined> {
  try {
    return await startInstance(name);
  } catch (error) {
    if (!(error instanceof InstanceUnavailableError)) throw error;
    console.warn(`Skipped: ${error.message}`);
    return undefined;
  }
}

for (const { name, version, expiry, delay } of lines) {
  const server = await serverOf(name);
  afterAll(() => server?.destroy());

  describe.skipIf(server === undefined)(`on ${name}`, () => {
    it("what is declared is what the server does, and nothing more", async () => {
      const broker = await openBroker({ url: server?.url ?? "" });
      expect(await statusOf(broker, "connected")).toMatchObject({
        effective: { version: expect.stringMatching(version) as string, supports: { expiry, delay } },
      });
      const topic = `${unique()}.a`;
      const inbox = acknowledging();
      // Nobody is there until the first has expired.
      const { position = "" } = await broker.publish(record(topic, "short", { expiresInMs: 1_000 }));
      await broker.publish(record(topic, "long", { expiresInMs: 60_000 }));
      const api = await streamsOf(new URL(server?.url ?? "").host);
      const [stream = ""] = position.split("/");
      await expect.poll(async () => (await api.streams.info(stream)).state.messages, { timeout: 10_000 }).toBe(1);
      await broker.subscribe(request(topic, { group: "g", startFrom: "earliest" }), inbox.sink);
      await inbox.received(1);
      const due = Date.now() + 700;
      const delayed = record(topic, "later", { delayMs: 700 });
      if (delay === "native") {
        await broker.publish(delayed);
        await inbox.received(2);
        expect(Date.now()).toBeGreaterThanOrEqual(due);
        expect(inbox.texts).toEqual(["long", "later"]);
      } else {
        expect(await errorOf(broker.publish(delayed))).toMatchObject({ code: "BUSBAR_UNSUPPORTED" });
        expect(inbox.texts).toEqual(["long"]);
      }
    });
  });
}
