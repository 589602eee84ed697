// Who may import whom. Everything is forbidden by the name that the check prints; `npm run check:proof` breaks each rule once.

/** Inside core every folder sees only what stands here, so that the contract can be read and a driver written without the bus. */
const coreLayers = {
  contract: [],
  errors: ["contract"],
  topic: ["contract", "errors"],
  codec: ["contract", "errors"],
  telemetry: ["contract", "errors", "topic"],
  driver: ["contract", "errors", "topic"],
  memory: ["contract", "errors", "topic", "driver"],
  delivery: ["contract", "errors", "topic", "codec", "telemetry", "driver"],
  bus: ["contract", "errors", "topic", "codec", "telemetry", "driver", "delivery"],
  config: ["contract", "errors", "topic", "codec", "telemetry", "driver", "memory", "delivery", "bus"],
  di: ["contract", "errors", "topic", "codec", "telemetry", "driver", "memory", "delivery", "bus", "config"],
};

/** The client library of each adapter, and of nobody else. */
const clients = {
  mqtt: "mqtt",
  amqp: "amqplib",
  nats: "@nats-io",
  kafka: "kafkajs",
  redis: "@redis",
};

const adapters = `(${Object.keys(clients).join("|")})`;
const layerPath = (layers) => `^packages/core/src/(${layers.join("|")})(/|\\.ts$)`;
const installed = (name) => `(^|/)node_modules/(${name})/`;

const layerRules = Object.entries(coreLayers).map(([layer, lower]) => ({
  name: `core-layer-${layer}`,
  comment: `In core, ${layer} imports ${lower.length === 0 ? "nothing but itself" : `only ${lower.join(", ")}`}.`,
  severity: "error",
  from: { path: layerPath([layer]) },
  to: { path: "^packages/", pathNot: layerPath([layer, ...lower]) },
}));

const clientRules = Object.entries(clients).map(([adapter, client]) => ({
  name: `client-of-${adapter}`,
  comment: `Only the adapter for ${adapter} knows ${client}.`,
  severity: "error",
  from: { path: "^packages/[^/]+/src/", pathNot: `^packages/${adapter}/src/` },
  to: { path: installed(client) },
}));

export default {
  forbidden: [
    ...layerRules,
    ...clientRules,
    {
      name: "core-contract-stands-alone",
      comment: "The contract is types and prose: no package and no module of Node's either.",
      severity: "error",
      from: { path: "^packages/core/src/contract/" },
      to: { pathNot: "^packages/core/src/contract/" },
    },
    {
      name: "core-index-without-di",
      comment: "Whoever imports the bus must not need inversify.",
      severity: "error",
      from: { path: "^packages/core/src/index\\.ts$" },
      to: { path: "^packages/core/src/di/" },
    },
    {
      name: "adapter-sees-contract-and-driver",
      comment:
        "An adapter knows of core what a third party's would: the contract and the driver's tools. Only its module.ts sees the DI face.",
      severity: "error",
      from: { path: `^packages/${adapters}/src/`, pathNot: "/src/module\\.ts$" },
      to: { path: "^packages/core/", pathNot: "^packages/core/src/(contract|driver)/index\\.ts$" },
    },
    {
      name: "adapter-module-sees-di",
      comment: "An adapter's module.ts binds the adapter with the DI face of core and knows nothing else of it.",
      severity: "error",
      from: { path: `^packages/${adapters}/src/module\\.ts$` },
      to: { path: "^packages/core/", pathNot: "^packages/core/src/(contract|driver|di)/index\\.ts$" },
    },
    {
      name: "inversify-in-di-only",
      comment: "A container is a choice: without it everything works.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: `^packages/(core/src/di/|${adapters}/src/module\\.ts$)` },
      to: { path: installed("inversify|reflect-metadata|@inversifyjs") },
    },
    {
      name: "packages-meet-by-name",
      comment: "What a package does not export is its own: others import it by name, through its entries.",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    },
    {
      name: "core-and-adapters-apart",
      comment: "Core finds adapters at run time, and adapters do not know each other.",
      severity: "error",
      from: { path: `^packages/(core|${adapters})/src/` },
      to: { path: `^packages/(testing|cli|${adapters})/`, pathNot: "^packages/$1/" },
    },
    {
      name: "source-without-tests",
      comment: "What is published does not need what is not.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "^(packages/[^/]+/test|examples|integration|bench|tools)/" },
    },
    {
      name: "dependency-is-declared",
      comment: "What a source imports stands in its own package's dependencies or peerDependencies.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm-peer", "npm-optional"],
        pathNot: "^packages/",
      },
    },
    {
      name: "no-circular",
      comment: "Modules that need each other are one story, or two told badly.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "not-resolvable",
      comment: "Nothing at this name; an import that is not seen is not checked either.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // Ours only: what a client keeps in a folder of that name is the client. And peers are installed apart, when they are asked for.
    exclude: { path: "^(packages/[^/]+/dist|bench/peers)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@busbar/source", "import", "node", "default"],
      extensions: [".ts", ".mjs", ".js", ".d.ts"],
    },
  },
};
