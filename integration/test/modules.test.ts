import { randomUUID } from "node:crypto";
import { amqpModule } from "@busbar/amqp/module";
import { BROKER, BUS, busModule, PUBLISHER } from "@busbar/core/di";
import { kafkaModule } from "@busbar/kafka/module";
import { mqttModule } from "@busbar/mqtt/module";
import { natsModule } from "@busbar/nats/module";
import { redisModule } from "@busbar/redis/module";
import { Container } from "inversify";
import type { ContainerModule } from "inversify";
import { afterEach, describe, expect, it } from "vitest";
import { everyRealBroker } from "./brokers.ts";

const modules: Readonly<Record<string, (options: { url: string }, name?: string) => ContainerModule>> = {
  mqtt: mqttModule,
  amqp: amqpModule,
  nats: natsModule,
  kafka: kafkaModule,
  redis: redisModule,
};

const container = new Container();

afterEach(async () => {
  if (container.isBound(BUS)) await container.get(BUS).close();
  container.unbindAll();
});

describe.each(everyRealBroker)("the module of $name for an inversify container", ({ name, url, variable }) => {
  const moduleOf = modules[name] as (typeof modules)[string];
  const nowhere = `${name}://127.0.0.1:1`;

  it("binds the broker under its name, without any connection", () => {
    container.load(moduleOf({ url: nowhere }, "edge"));

    expect(container.get(BROKER, { name: "edge" })).toMatchObject({ name });
  });

  it("refuses wrong options when it is made", () => {
    expect(() => moduleOf({ url: nowhere, clientname: "a" } as never)).toThrow(/clientname/);
  });

  it.skipIf(url === undefined)(
    `makes the bus of the container publish and handle on the broker (needs ${variable})`,
    async () => {
      container.load(moduleOf({ url: url ?? "" }), busModule());
      const topic = `module.${randomUUID().slice(0, 8)}`;
      const bus = container.get(BUS);
      await bus.open();
      const received: unknown[] = [];
      await bus.subscribe(topic, (payload) => received.push(payload));

      await container.get(PUBLISHER).publish(topic, { celsius: 21.5 });

      await expect.poll(() => received, { timeout: 15_000 }).toEqual([{ celsius: 21.5 }]);
    },
  );
});
