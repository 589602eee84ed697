import { conformance } from "@busbar/testing";
import { afterAll, describe, expect, it } from "vitest";
import { patient } from "../../../tools/conformance/patience.mjs";
import { amqp } from "../src/index.ts";
import { openBroker, record, unique } from "./fixtures.ts";
import { threeNodes } from "./three-nodes.ts";
import type { ThreeNodes } from "./three-nodes.ts";

const cluster = await threeNodes();
if ("missing" in cluster) console.warn(`Skipped: ${cluster.missing}`);
afterAll(() => ("close" in cluster ? cluster.close() : undefined));

conformance(
  { describe, it, afterAll },
  {
    name: "three RabbitMQ nodes",
    url: "url" in cluster ? cluster.url : { variable: "BUSBAR_TEST_RABBITMQ_URL" },
    // A quorum queue is kept on three nodes where there are three.
    create: ({ url, clientName }) => amqp({ url, clientName }),
    cluster: () => Promise.resolve("url" in cluster ? { ...cluster, close: () => Promise.resolve() } : cluster),
    deadlineMs: patient(20_000),
    only: ["H4"],
  },
);

describe.skipIf("missing" in cluster)("a classic queue", () => {
  const { ask, end, start, url } = cluster as ThreeNodes;

  it("is away with its node: a dead letter is refused retryable meanwhile, and every one that was put is there after", async () => {
    const broker = await openBroker({ url });
    const group = unique("g");
    await broker.deadLetters.put(group, "before", record("a.b", "before"));
    const { node } = await ask<{ node: string }>(`queues/%2f/${encodeURIComponent(`_busbar.dlq.${group}`)}`);
    const member = Number(/^member-(\d)/.exec(node)?.[1]);
    await end(member);
    const put = ["before"];
    try {
      // It may have lost its own connection, too.
      for (let attempt = 0; attempt < 5; attempt++) {
        const error = await broker.deadLetters.put(group, `while-${attempt}`, record("a.b", `while-${attempt}`)).then(
          () => undefined,
          (cause: unknown) => cause,
        );
        if (error === undefined) put.push(`while-${attempt}`);
        else expect(error).toMatchObject({ retryable: true });
        await broker.publish(record("a.b", "x")).catch(() => undefined);
      }
    } finally {
      await start(member);
    }
    const letters: string[] = [];
    await expect
      .poll(
        async () => {
          letters.length = 0;
          for await (const { record: letter } of broker.deadLetters.list(group))
            letters.push(Buffer.from(letter.body).toString());
          return letters.length;
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThanOrEqual(put.length);
    expect(letters).toEqual(expect.arrayContaining(put));
  }, 120_000);
});
