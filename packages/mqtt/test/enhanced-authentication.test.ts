import { createHmac } from "node:crypto";
import type { EnhancedAuthentication } from "@busbar/mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { acknowledging, Brokers, outbound, request, status, unique } from "./fixtures.ts";

const possible = await canStartInstance("hivemq");
if (!possible) console.warn("Skipped: no HiveMQ can be started here.");
const brokers = new Brokers("");
afterEach(() => brokers.close());

function signed(key: string, text: Uint8Array | string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** The method of the server's own extension: it asks for a signature, and shows one. */
function hmac(key: string): EnhancedAuthentication {
  return {
    method: "HMAC",
    respond: async (question) => Promise.resolve(signed(key, question)),
    verify: (proof) => {
      if (!signed(key, "welcome").equals(proof)) throw new Error("not the server");
    },
  };
}

describe.skipIf(!possible)("enhanced authentication with HiveMQ", () => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  beforeAll(async () => {
    instance = await startInstance("hivemq", { label: "mqtt-auth", config: { files: { secret: "open sesame" } } });
  });
  afterAll(() => instance.destroy());
  const openWith = (authentication: EnhancedAuthentication) =>
    brokers.open({ url: instance.url, native: { authentication } });

  it("answers the server's question on every connection, and looks at its proof", async () => {
    const questions = new Set<string>();
    const method = hmac("open sesame");
    const bus = await openWith({
      ...method,
      begin: () => Buffer.from("hello"),
      respond: (question) => {
        questions.add(Buffer.from(question).toString("hex"));
        return method.respond(question);
      },
    });
    const [topic, inbox] = [unique(), acknowledging()];
    await bus.subscribe(request(topic), inbox.sink);
    const before = questions.size;
    const back = status(bus, "connected");
    bus.native.stream.destroy();
    await back;
    expect(questions.size).toBeGreaterThan(before);
    await bus.publish(outbound(topic, "proved"));
    await inbox.received(1);
  });

  it.each<[string, EnhancedAuthentication]>([
    ["the answer is wrong", hmac("open barley")],
    ["the server does not know the method", { ...hmac("open sesame"), method: "OTHER" }],
    ["it cannot be begun", { ...hmac("open sesame"), begin: () => Promise.reject(new Error("no ticket")) }],
    ["there is no answer", { ...hmac("open sesame"), respond: () => Promise.reject(new Error("no ticket")) }],
    ["the server does not prove itself", { ...hmac("open sesame"), verify: () => expect.unreachable() }],
  ])("is refused, for good, where %s", async (_, authentication) => {
    await expect(openWith(authentication)).rejects.toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
  });
});

describe.skipIf(!possible)("a HiveMQ with a password", () => {
  it("lets in who has it, and nobody else", async () => {
    const credentials = { username: "cook", password: "salt" };
    const instance = await startInstance("hivemq", { label: "mqtt-password", config: { credentials } });
    try {
      const bus = await brokers.open({ url: instance.url, credentials });
      await bus.publish(outbound(unique()));
      await expect(
        brokers.make({ url: instance.url, credentials: { ...credentials, password: "sugar" } }).open(),
      ).rejects.toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
      await brokers.close();
    } finally {
      await instance.destroy();
    }
  });
});
