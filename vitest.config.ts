import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/test/longest-first.mjs";

// Suites that talk to brokers wait more than they work, so that one processor does for three of them; the others work. No more than eight, even on
// more processors: each broker is a program of its own on the same machine, and a starved one looks like a slow bus.
const workers = Math.min(8, 3 * availableParallelism());
const workersWithoutBrokers = Math.min(8, 2 * availableParallelism());

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const packages = readdirSync(folder("packages")).filter((name) => existsSync(folder(`packages/${name}/package.json`)));

// HiveMQ sends in batches and some of it twice, as it comes: its kit says something about HiveMQ, and nothing about the change that it is run on. Artemis
// takes seven minutes, and keeps no order when it is busy. The
// others take four minutes each, since mosquitto hands a WebSocket little at a time, and RabbitMQ does not say what it is.
// What depends little on the version of Kafka would take minutes more to be seen on both.
// Clusters are three more servers at a time, each of which ends and comes back several times: minutes, and a load that others would be measured by. The
// nats-servers in between take Go minutes to build.
const onlyWhenAsked = [
  ...(process.env["BUSBAR_TEST_HIVEMQ_KIT"] === "1" ? [] : ["test/conformance-hivemq.test.ts"]),
  ...(process.env["BUSBAR_TEST_ARTEMIS_KIT"] === "1" ? [] : ["test/conformance-artemis.test.ts"]),
  ...(process.env["BUSBAR_TEST_SLOW_KITS"] === "1"
    ? []
    : ["test/conformance-websocket.test.ts", "test/conformance-rabbitmq.test.ts"]),
  ...(process.env["BUSBAR_TEST_CLUSTERS"] === "1" ? [] : ["test/cluster.test.ts"]),
  ...(process.env["BUSBAR_TEST_KAFKA4"] === "1" ? [] : ["test/behaviour-kafka4-rest.test.ts"]),
  ...(process.env["BUSBAR_TEST_NATS_BOUNDARIES"] === "1" ? [] : ["test/boundaries.test.ts"]),
];

// What needs no network first; then what talks to brokers, all of it in one queue.
const withoutBrokers = new Set(["core"]);

export default defineConfig({
  resolve: { conditions: ["@busbar/source"] },
  ssr: {
    resolve: {
      conditions: ["@busbar/source", "module", "node", "development|production"],
      externalConditions: ["@busbar/source", "node"],
    },
  },
  // Files in `test` are outside of every package's tsconfig.json, where this would otherwise be read from.
  oxc: { decorator: { legacy: true } },
  test: {
    globalSetup: [folder("tools/test/use-recorded-brokers.mjs")],
    pool: "forks",
    testTimeout: 30_000,
    // A hook may start a private broker; the slowest takes most of a minute on a busy machine.
    hookTimeout: 180_000,
    teardownTimeout: 30_000,
    sequence: { sequencer: LongestFirst },
    restoreMocks: true,
    unstubEnvs: true,
    allowOnly: process.env["CI"] === undefined,
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        test: {
          name,
          root: folder(`packages/${name}`),
          include: ["test/**/*.test.ts"],
          exclude: onlyWhenAsked,
          maxWorkers: withoutBrokers.has(name) ? workersWithoutBrokers : workers,
          sequence: { groupOrder: withoutBrokers.has(name) ? 0 : 1 },
        },
      })),
      {
        extends: true as const,
        test: {
          name: "examples",
          root: folder("examples"),
          include: ["**/*.test.ts"],
          maxWorkers: workers,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true as const,
        test: {
          name: "bench",
          root: folder("bench"),
          include: ["test/**/*.test.ts"],
          maxWorkers: workersWithoutBrokers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true as const,
        test: {
          name: "integration",
          root: folder("integration"),
          include: ["test/**/*.test.ts"],
          maxWorkers: workers,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
