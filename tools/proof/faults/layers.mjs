import { newFile, replaced } from "../planted-fault.mjs";

/** @import { PlantedFault } from "../planted-fault.mjs" */

/**
 * @param {string} rule
 * @param {string} file
 * @param {string} target
 */
function importing(rule, file, target) {
  return newFile("layers", rule, file, `import "${target}";\n\nexport {};`);
}

/** Imports that go the wrong way, one for each rule of dependency-cruiser. */
export const layerFaults = /** @type {readonly PlantedFault[]} */ ([
  importing("core-layer-contract", "packages/core/src/contract/planted-layer.ts", "../errors.ts"),
  replaced("layers", "core-layer-errors", "packages/core/src/errors.ts", /^/, 'import "./topic/grammar.ts";\n'),
  importing("core-layer-topic", "packages/core/src/topic/planted-layer.ts", "../codec/planted-layer.ts"),
  importing("core-layer-codec", "packages/core/src/codec/planted-layer.ts", "../topic/planted-layer.ts"),
  importing("core-layer-telemetry", "packages/core/src/telemetry/planted-layer.ts", "../codec/planted-layer.ts"),
  importing("core-layer-driver", "packages/core/src/driver/planted-layer.ts", "../delivery/planted-layer.ts"),
  importing("core-layer-memory", "packages/core/src/memory/planted-layer.ts", "../delivery/planted-layer.ts"),
  importing("core-layer-delivery", "packages/core/src/delivery/planted-layer.ts", "../bus/planted-layer.ts"),
  importing("core-layer-bus", "packages/core/src/bus/planted-layer.ts", "../config/planted-layer.ts"),
  importing("core-layer-config", "packages/core/src/config/planted-layer.ts", "../di/planted-layer.ts"),
  importing("core-layer-di", "packages/core/src/di/planted-layer.ts", "../index.ts"),
  importing("core-contract-stands-alone", "packages/core/src/contract/planted-module.ts", "node:fs"),
  replaced("layers", "core-index-without-di", "packages/core/src/index.ts", /^/, 'import "./di/index.ts";\n'),
  importing("adapter-sees-contract-and-driver", "packages/mqtt/src/planted-core.ts", "@busbar/core"),
  importing("adapter-sees-contract-and-driver", "packages/amqp/src/planted-di.ts", "@busbar/core/di"),
  importing("adapter-module-sees-di", "packages/kafka/src/module.ts", "@busbar/core"),
  importing("inversify-in-di-only", "packages/core/src/bus/planted-inversify.ts", "inversify"),
  importing("inversify-in-di-only", "packages/nats/src/planted-inversify.ts", "inversify"),
  importing("client-of-mqtt", "packages/core/src/bus/planted-mqtt.ts", "mqtt"),
  importing("client-of-amqp", "packages/testing/src/planted-amqp.ts", "amqplib"),
  importing("client-of-nats", "packages/kafka/src/planted-nats.ts", "@nats-io/transport-node"),
  importing("client-of-redis", "packages/core/src/bus/planted-redis.ts", "@redis/client"),
  importing("client-of-kafka", "packages/nats/src/planted-kafka.ts", "kafkajs"),
  importing("packages-meet-by-name", "packages/mqtt/src/planted-path.ts", "../../core/src/contract/index.ts"),
  importing("core-and-adapters-apart", "packages/amqp/src/planted-sibling.ts", "@busbar/mqtt"),
  importing("core-and-adapters-apart", "packages/core/src/config/planted-adapter.ts", "@busbar/mqtt"),
  importing("source-without-tests", "packages/core/src/topic/planted-test.ts", "../../test/planted-for-source.ts"),
  {
    ...importing("no-circular", "packages/core/test/planted-for-source.ts", "./planted-circle.ts"),
    where: "packages/core/test/planted-",
  },
  {
    ...importing("no-circular", "packages/core/test/planted-circle.ts", "./planted-for-source.ts"),
    where: "packages/core/test/planted-",
  },
  importing("dependency-is-declared", "packages/mqtt/src/planted-dependency.ts", "fast-check"),
  importing("not-resolvable", "packages/nats/src/planted-nowhere.ts", "./nowhere-at-all.ts"),
  // What dependency-cruiser does not see it does not complain about.
  {
    ...replaced(
      "layers",
      "could-not-check",
      ".dependency-cruiser.mjs",
      "^(packages/[^/]+/dist|bench/peers)/",
      "^(packages/nats|bench/peers)/",
    ),
    where: "",
    alone: true,
  },
]);
