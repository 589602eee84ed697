import { randomUUID } from "node:crypto";
import { BROKER, BUS, busModule, PUBLISHER } from "@busbar/core/di";
import { Container } from "inversify";
import { afterEach, describe, expect, it } from "vitest";
import { redisModule } from "../src/module.ts";

const url = process.env["BUSBAR_TEST_REDIS_URL"];
const topic = `module.${randomUUID().slice(0, 8)}`;
const container = new Container();

afterEach(async () => {
  if (container.isBound(BUS)) await container.get(BUS).close();
  container.unbindAll();
});

describe("the module of an inversify container", () => {
  it("binds the broker under its name, without any connection", () => {
    container.load(redisModule({ url: "redis://127.0.0.1:6379" }, "edge"));

    expect(container.get(BROKER, { name: "edge" })).toMatchObject({ name: "redis" });
  });

  it("refuses wrong options when it is made", () => {
    expect(() => redisModule({ url: "redis://127.0.0.1:6379", clientname: "a" } as never)).toThrow(/clientname/);
  });

  it.skipIf(url === undefined)(
    "makes the bus of the container publish and handle on the broker (needs BUSBAR_TEST_REDIS_URL)",
    async () => {
      container.load(redisModule({ url: url ?? "" }), busModule());
      const bus = container.get(BUS);
      await bus.open();
      const received: unknown[] = [];
      await bus.subscribe(topic, (payload) => received.push(payload));

      await container.get(PUBLISHER).publish(topic, { celsius: 21.5 });

      await expect.poll(() => received, { timeout: 15_000 }).toEqual([{ celsius: 21.5 }]);
    },
  );
});
