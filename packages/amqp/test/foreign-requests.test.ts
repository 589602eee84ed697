import { connect } from "@busbar/core";
import type { Bus } from "@busbar/core";
import type { ConsumeMessage } from "amqplib";
import { expect, it, vi } from "vitest";
import type { AmqpBroker } from "../src/amqp-broker.ts";
import {
  afterwards,
  errorOf,
  foreignChannel,
  newBroker,
  nextStatus,
  onRabbit,
  proxied,
  silent,
  unique,
} from "./fixtures.ts";

async function openBus(main: AmqpBroker = newBroker()): Promise<Bus> {
  const bus = await connect({ service: unique("s-"), brokers: { main }, logger: silent });
  afterwards(() => bus.close());
  return bus;
}

/** Answers requests to a topic as RabbitMQ's own tutorial does. Resolves to the reply addresses that it sees. */
async function foreignResponder(topic: string): Promise<string[]> {
  const channel = await foreignChannel();
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, "amq.topic", `_busbar.rpc.${topic}`);
  const seen: string[] = [];
  await channel.consume(queue, (request) => {
    if (request === null) return;
    const { replyTo, correlationId, contentType } = request.properties as Partial<
      Record<"replyTo" | "correlationId" | "contentType", string>
    >;
    seen.push(replyTo ?? "");
    channel.publish("", replyTo ?? "", request.content, {
      ...(correlationId && { correlationId }),
      ...(contentType && { contentType }),
    });
    channel.ack(request);
  });
  return seen;
}

onRabbit("requests and other clients", () => {
  it.each(["amq.rabbitmq.reply-to", ""])("an answer reaches a client whose reply queue is %j", async (replies) => {
    const bus = await openBus();
    const topic = unique("sum.");
    await bus.respond<number[]>(topic, (numbers) => numbers.reduce((sum, number) => sum + number, 0));
    const channel = await foreignChannel();
    const replyTo = replies === "" ? (await channel.assertQueue("", { exclusive: true })).queue : replies;
    const answer = new Promise<ConsumeMessage | null>((resolve) => {
      void channel.consume(replyTo, resolve, { noAck: true }).then(() =>
        channel.publish("amq.topic", `_busbar.rpc.${topic}`, Buffer.from("[1,2,3]"), {
          replyTo,
          correlationId: "seven",
          contentType: "application/json",
        }),
      );
    });
    const { content, properties } = (await answer) ?? expect.fail("the consumer was canceled");
    expect(content.toString()).toBe("6");
    expect(properties).toMatchObject({ correlationId: "seven", contentType: "application/json" });
  });

  it("an answer of such a client reaches the bus without a queue, and over a reconnect too", async () => {
    const { proxy, url: through } = await proxied();
    const broker = newBroker({ url: through, native: { directReplyTo: true } });
    const bus = await openBus(broker);
    const topic = unique("echo.");
    const seen = await foreignResponder(topic);
    const answers = await Promise.all([1, 2, 3].map((number) => bus.request(topic, { number }, { timeoutMs: 10_000 })));
    expect(answers).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }]);
    expect(seen.every((address) => address.startsWith("amq.rabbitmq.reply-to."))).toBe(true);
    const back = nextStatus(broker, "connected");
    proxy.cut();
    await back;
    expect(await bus.request(topic, "again", { timeoutMs: 10_000 })).toBe("again");
    expect(seen).toHaveLength(4);
  });

  it("an answer reaches the bus without a queue also when the channel that asked was replaced meanwhile, for it nacked", async () => {
    const broker = newBroker({ native: { directReplyTo: true } });
    const bus = await openBus(broker);
    const opened = vi.spyOn(broker.native, "createConfirmChannel");
    const channel = await foreignChannel();
    const [topic, full] = [unique("late."), unique("a.")];
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, "amq.topic", `_busbar.rpc.${topic}`);
    const asked = new Promise<ConsumeMessage | null>(
      (resolve) => void channel.consume(queue, resolve, { noAck: true }),
    );
    const answer = bus.request(topic, "late", { timeoutMs: 10_000 });
    const { content, properties } = (await asked) ?? expect.fail("the consumer was canceled");
    const bounded = await channel.assertQueue("", { exclusive: true, maxLength: 1, overflow: "reject-publish" });
    await channel.bindQueue(bounded.queue, "amq.topic", full);
    channel.sendToQueue(bounded.queue, Buffer.from("somebody else's"));
    await channel.checkQueue(bounded.queue);
    const published = bus.publish(full, 1, { timeoutMs: 10_000 });
    await expect.poll(() => opened.mock.calls.length, { timeout: 10_000 }).toBe(1);
    const { replyTo, correlationId, contentType } = properties as {
      [name in "replyTo" | "correlationId" | "contentType"]: string;
    };
    channel.sendToQueue(replyTo, content, { correlationId, contentType });
    expect(await answer).toBe("late");
    await channel.purgeQueue(bounded.queue);
    expect(await published).toMatchObject({ routed: true });
  });

  it("two buses answer each other so, with errors, and at once where nobody responds", async () => {
    const [asking, answering] = [await openBus(newBroker({ native: { directReplyTo: true } })), await openBus()];
    const topic = unique("half.");
    expect(await errorOf(asking.request(topic, 1, { timeoutMs: 10_000 }))).toMatchObject({
      code: "BUSBAR_NO_SUBSCRIBER",
    });
    await answering.respond<number>(topic, (number) => {
      if (number % 2 === 1) throw new Error(`${number} is odd`);
      return number / 2;
    });
    expect(await asking.request(topic, 8, { timeoutMs: 10_000 })).toBe(4);
    expect((await errorOf(asking.request(topic, 7, { timeoutMs: 10_000 }))).message).toContain("7 is odd");
  });
});
