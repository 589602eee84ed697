import { createRequire } from "node:module";
import type { Kafka } from "kafkajs";
import { expect, expectTypeOf, it } from "vitest";
import { kafka } from "../../src/index.ts";
import type { KafkaBroker, KafkaClientName } from "../../src/index.ts";
import { rejection } from "../fixtures.ts";

const url = "kafka://127.0.0.1:1";

it("loads kafkajs only where it is chosen", async () => {
  const { cache } = createRequire(import.meta.url);
  const isLoaded = (): boolean => Object.keys(cache).some((path) => /[/\\]node_modules[/\\]kafkajs[/\\]/.test(path));
  expect(await rejection(kafka({ url, native: { client: "platformatic" } }).open())).toMatchObject({ retryable: true });
  expect(isLoaded()).toBe(false);
  expect(await rejection(kafka({ url }).open())).toMatchObject({ retryable: true });
  expect(isLoaded()).toBe(true);
});

it("says what its native object is where that is known", () => {
  expectTypeOf(kafka({ url })).toEqualTypeOf<KafkaBroker<Kafka>>();
  expectTypeOf(kafka({ url, native: { client: "kafkajs", partitions: 2 } })).toEqualTypeOf<KafkaBroker<Kafka>>();
  expectTypeOf(kafka({ url, native: { client: "platformatic" } })).toEqualTypeOf<KafkaBroker>();
  expectTypeOf(kafka({ url, native: { client: "platformatic" as KafkaClientName } })).toEqualTypeOf<KafkaBroker>();
});
