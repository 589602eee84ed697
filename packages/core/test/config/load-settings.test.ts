import { expect, test, describe } from "vitest";
import type { BusConfig } from "../../src/config/bus-config.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { folderWith, problemsOf, problemsOfYaml, quietLogger, surroundings } from "./problems-of.ts";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const exampleFile = fileURLToPath(new URL("../../../../busbar.yaml.example", import.meta.url));

describe("a configuration that is right", () => {
  test("has every default filled in", () => {
    const logger = quietLogger();
    const settings = loadSettings({ brokers: { main: "mqtt://127.0.0.1:1883" }, logger }, surroundings());
    expect(settings).toMatchObject({
      service: "app",
      instance: "host-example",
      instanceGiven: false,
      production: false,
      routes: [],
      policies: [],
      codecs: [],
      start: "foreground",
      connectTimeoutMs: 10_000,
      logger,
    });
    expect(settings.brokers).toMatchObject([
      { name: "main", folds: [], publish: { maxInFlight: 512, overflow: "wait", delivery: "at-least-once" } },
    ]);
    expect(logger.lines).toEqual([]);
  });

  test("the example is right, and has every key there is", () => {
    const text = readFileSync(exampleFile, "utf8");
    const settings = loadSettings(
      undefined,
      surroundings(folderWith({ "busbar.yaml": text }), { HOSTNAME: "saver-3" }),
    );
    expect(settings).toMatchObject({ service: "report-saver", instance: "saver-3", instanceGiven: true });
    expect(settings.brokers.map(({ name }) => name)).toEqual(["edge", "orders", "log", "cache", "scratch"]);
    const report = settings.policies.find(({ pattern }) => pattern.canonical === "report.*");
    expect(report?.options).toEqual({
      concurrency: 8,
      maxInFlight: 256,
      order: "key",
      delivery: "at-least-once",
      startFrom: "new",
      retry: { attempts: 5, backoffMs: 200, factor: 2, maxBackoffMs: 30_000, jitter: 0.2 },
      deadLetter: { topic: "failed.reports", broker: "log" },
    });
  });

  test("reads the same as YAML, JSON and an object", () => {
    const config: BusConfig = {
      service: "saver",
      instance: "saver-0",
      brokers: {
        edge: "mqtt://h",
        log: { url: "kafka://h", fold: { "sensor.**": "sensors" }, publish: { maxInFlight: 7 } },
      },
      routes: { "audit.**": "log" },
      policies: { "a.*": { deadLetter: false, retry: { attempts: 5 } } },
    };
    const folder = folderWith({
      "busbar.json": JSON.stringify(config, null, "\t"),
      "busbar.yaml": `service: saver
instance: saver-0
brokers:
  edge: mqtt://h
  log: { url: kafka://h, fold: { "sensor.**": sensors }, publish: { maxInFlight: 7 } }
routes: { "audit.**": log }
policies: { "a.*": { deadLetter: false, retry: { attempts: 5 } } }
`,
    });
    const comparable = (given: BusConfig | string): string => JSON.stringify(loadSettings(given, surroundings(folder)));
    expect(comparable("busbar.json")).toBe(comparable(config));
    expect(comparable("busbar.yaml")).toBe(comparable(config));
  });

  test("is never changed", () => {
    const config: BusConfig = {
      brokers: {
        log: { url: "kafka://h", native: { acks: 1 }, fold: { "s.**": { topic: "s", topicFrom: "s.{key}" } } },
      },
      policies: { "a.*": { retry: { attempts: 2 } } },
    };
    const before = structuredClone(config);
    loadSettings(config, surroundings());
    expect(config).toEqual(before);
  });

  test("absent values in code are as good as none", () => {
    expect(
      problemsOf({
        service: undefined,
        instance: undefined,
        routes: undefined,
        brokers: { main: { url: "memory:", tls: undefined } },
      }),
    ).toEqual([]);
  });

  test("the environment names the process before a file does, and code before the environment", () => {
    const environment = { BUSBAR_SERVICE: "env-service", BUSBAR_INSTANCE: "env-0" };
    const folder = folderWith({
      "busbar.yaml": "service: file-service\ninstance: file-0\nbrokers: { main: mqtt://h }",
    });
    expect(loadSettings(undefined, surroundings(folder, environment))).toMatchObject({
      service: "env-service",
      instance: "env-0",
      instanceGiven: true,
    });
    expect(loadSettings("memory:", surroundings(folder, environment))).toMatchObject({
      service: "env-service",
      instance: "env-0",
    });
    const config = { service: "code", instance: "code-0", brokers: { main: "memory:" } };
    expect(loadSettings(config, surroundings(folder, environment))).toMatchObject({
      service: "code",
      instance: "code-0",
    });
  });

  test("numbers and flags may come from the environment", () => {
    const text = `brokers: { main: { url: "mqtts://h", tls: { rejectUnauthorized: "\${CHECK}" } } }
policies: { "a.*": { concurrency: "\${CONCURRENCY}", retry: { jitter: "\${JITTER:-0.5}" } } }`;
    const around = surroundings(folderWith({ "busbar.yaml": text }), { CHECK: "false", CONCURRENCY: "8" });
    expect(loadSettings(undefined, around).policies[0]?.options).toEqual({ concurrency: 8, retry: { jitter: 0.5 } });
    expect(problemsOfYaml(text, { CHECK: "no", CONCURRENCY: "many" })).toEqual([
      "1: brokers.main.tls.rejectUnauthorized: has to be true or false",
      '2: policies["a.*"].concurrency: has to be a whole number from 1 to 10000',
    ]);
  });
});

describe("a configuration that is wrong", () => {
  test("is reported at once, in the order of the lines", () => {
    expect(
      problemsOfYaml(`service: report saver
instanze: saver-0
brokers:
  edge: mqqt://127.0.0.1:1883
  log:
    url: kafka://127.0.0.1:99999
    publish:
      maxInFlight: 0
      overflow: wiat
    topolgy: create
routes:
  "audit.**": lgo
  "aud it": log
policies:
  "report.*":
    retry: { atempts: 5 }
start: later
`),
    ).toEqual([
      '1: service: has to be 1 to 64 letters, digits, "_" and "-"',
      '2: unknown key "instanze"; did you mean "instance"?',
      expect.stringContaining('4: brokers.edge: has the unknown scheme "mqqt:"; did you mean "mqtt:"?'),
      expect.stringContaining("6: brokers.log.url: has a host or a port that is none"),
      "8: brokers.log.publish.maxInFlight: has to be a whole number from 1 to 65535",
      expect.stringMatching(/^9: brokers\.log\.publish\.overflow: has to be .*did you mean "wait"\?/),
      '10: brokers.log: unknown key "topolgy"; did you mean "topology"?',
      '12: routes["audit.**"]: names a broker that is not configured; did you mean "log"? there are "edge", "log"',
      expect.stringContaining('13: routes["aud it"]: the pattern has the token "aud it"'),
      '16: policies["report.*"].retry: unknown key "atempts"; did you mean "attempts"?',
      '17: start: has to be "foreground" or "background"',
    ]);
  });

  test.each<[string, string, string | RegExp]>([
    ["nothing", "", " is empty; it has to be an object with service"],
    ["a list", "- a", "1: has to be an object with service"],
    ["no brokers", "service: a", "1: brokers: there is none"],
    ["empty brokers", "brokers: {}", "1: brokers: there is none"],
    ["brokers without a value", "brokers:", "1: brokers: is empty"],
    ["a broker without a value", "brokers:\n  main:", "2: brokers.main: is empty; it has to be a URL or an object"],
    ["a broker that is a number", "brokers: { main: 1 }", "1: brokers.main: has to be a URL or an object"],
    ["a broker without a url", "brokers:\n  main: { topology: check }", "2: brokers.main: has no url"],
    ["a broker's name", "brokers: { 'a b': memory:// }", /^1: brokers\["a b"\]: a broker's name begins with a letter/],
    [
      "an unknown scheme",
      "brokers: { main: 'stomp://h' }",
      /unknown scheme "stomp:"; known are mqtt: .* Name a third party's adapter with adapter:/,
    ],
    [
      "a URL without a scheme",
      "brokers: { main: 'localhost:1883' }",
      "1: brokers.main: is no URL; write <scheme>://<host>:<port>",
    ],
    ["a URL without a host", "brokers: { main: 'kafka://' }", "1: brokers.main: has no host"],
    [
      "a memory URL with a port",
      "brokers: { main: 'memory://a:1' }",
      '1: brokers.main: has to be "memory:", or "memory://<name>"',
    ],
    [
      "a number as a text",
      "service: 12\nbrokers: { main: memory:// }",
      "1: service: has to be a text, but is a number; put it in quotes",
    ],
    [
      "a text as a number",
      "brokers: { main: memory:// }\nconnectTimeoutMs: 10s",
      "2: connectTimeoutMs: has to be a number of milliseconds from 1",
    ],
    [
      "a timeout no timer takes",
      "brokers: { main: memory:// }\nconnectTimeoutMs: 3000000000",
      "2: connectTimeoutMs: has to be",
    ],
    [
      "an empty instance",
      "brokers: { main: memory:// }\ninstance:",
      "2: instance: is empty; give it a value or leave the key out",
    ],
    ["codecs in a file", "brokers: { main: memory:// }\ncodecs: []", '2: unknown key "codecs"'],
    [
      "the same key twice",
      "brokers: { main: memory:// }\nroutes: {}\nroutes: {}",
      "3: a key stands here for the second time",
    ],
    [
      "a fold without a topic",
      "brokers: { main: { url: memory://, fold: { 'a.**': {} } } }",
      '1: brokers.main.fold["a.**"]: has no topic',
    ],
    [
      "a fold to a pattern",
      "brokers: { main: { url: memory://, fold: { 'a.**': 'b.*' } } }",
      '1: brokers.main.fold["a.**"]: has a wildcard',
    ],
    [
      "a fold that is never reached",
      "brokers: { main: { url: memory://, fold: { 'a.**': b, 'a.c': d } } }",
      /fold\["a\.c"\]: is never reached: "a\.\*\*" before it/,
    ],
    [
      "a reserved pattern",
      "brokers: { main: memory:// }\nroutes: { '_busbar.x': main }",
      /the pattern begins with the reserved token/,
    ],
    [
      "a route that is never reached",
      "brokers: { main: memory:// }\nroutes:\n  '**': main\n  'a.b': main",
      '4: routes["a.b"]: is never reached: "**" before it',
    ],
    [
      "policies that tie",
      "brokers: { main: memory:// }\npolicies:\n  'a.*': {}\n  '*.b': {}",
      '4: policies["*.b"]: fits the same topics as "a.*" and neither is more specific',
    ],
    [
      "one policy twice",
      "brokers: { main: memory:// }\npolicies:\n  'a.{x}': {}\n  'a.*': {}",
      '4: policies["a.*"]: fits the same topics as "a.{x}"',
    ],
    [
      "less credit than handlers",
      "brokers: { main: memory:// }\npolicies:\n  'a': { concurrency: 9, maxInFlight: 8 }",
      "3: policies.a.maxInFlight: is less than concurrency",
    ],
    [
      "a dead-letter broker",
      "brokers: { main: memory:// }\npolicies: { a: { deadLetter: { broker: x } } }",
      "2: policies.a.deadLetter.broker: names a broker that is not configured",
    ],
    [
      "deadLetter: true",
      "brokers: { main: memory:// }\npolicies: { a: { deadLetter: true } }",
      "2: policies.a.deadLetter: has to be an object with topic, broker",
    ],
    [
      "jitter",
      "brokers: { main: memory:// }\npolicies: { a: { retry: { jitter: 1.5 } } }",
      "2: policies.a.retry.jitter: has to be a number from 0 to 1",
    ],
    [
      "half a client certificate",
      "brokers: { main: { url: mqtts://h, tls: { cert: '-----BEGIN CERTIFICATE-----' } } }",
      "1: brokers.main.tls: has only one of cert and key",
    ],
    [
      "a missing variable",
      "brokers: { main: memory:// }\ninstance: ${NOT_THERE}",
      "2: instance: needs the environment variable NOT_THERE, which is not set",
    ],
    [
      "a malformed reference",
      "brokers: { main: memory:// }\ninstance: ${NOT-THERE}",
      "2: instance: has a ${ that begins no ${NAME}",
    ],
  ])("%s", (_name, text, expected) => {
    const problems = problemsOfYaml(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  test("in code has paths instead of lines", () => {
    const config = { brokers: { main: { url: "memory:", adaptor: "x" } }, codecs: [{}], logger: {}, servce: "a" };
    expect(problemsOf(config as unknown as BusConfig)).toEqual([
      'unknown key "servce"; did you mean "service"?',
      'brokers.main: unknown key "adaptor"; did you mean "adapter"?',
      "codecs: has to be a list of codecs, each with contentType, encode and decode",
      "logger: has to have info, warn and error",
    ]);
  });

  test.each(["BUSBAR_SERVICE", "BUSBAR_INSTANCE"])("%s that is no name", (variable) => {
    expect(problemsOf("memory:", surroundings("/nowhere", { [variable]: "pod.0" }))).toEqual([
      `${variable} has to be 1 to 64 letters, digits, "_" and "-"`,
    ]);
  });
});

describe("patterns", () => {
  test("policies are no tie where one lies within the other", () => {
    expect(
      problemsOfYaml(
        "brokers: { main: memory:// }\npolicies: { '**': {}, 'a.*': {}, 'a.b': {}, 'c.**': {}, 'c.*.d': {} }",
      ),
    ).toEqual([]);
  });

  test("folds make the topics of foreign records, escaped, and only those that the pattern fits", () => {
    const config: BusConfig = {
      brokers: {
        log: {
          url: "kafka://h",
          fold: { "sensor.*.reading": { topic: "sensors", topicFrom: "sensor.{header.room}-{key}.reading" } },
        },
      },
    };
    const topicFrom = loadSettings(config, surroundings()).brokers[0]?.folds[0]?.topicFrom;
    const record = { address: "sensors", body: new Uint8Array(), headers: { room: "living room" }, key: "k.1" };
    expect(topicFrom?.(record)).toBe("sensor.living_x20_room-k_x2E_1.reading");
    expect(topicFrom?.({ ...record, headers: {} })).toBeUndefined();
    expect(topicFrom?.({ address: "sensors", body: record.body, headers: record.headers })).toBeUndefined();
    expect(topicFrom?.({ ...record, key: "k".repeat(300) })).toBeUndefined();
  });

  test("in code a function may make them", () => {
    const fold = { "sensor.**": { topic: "sensors", topicFrom: ({ key }: { key?: string | undefined }) => key } };
    const topicFrom = loadSettings({ brokers: { log: { url: "kafka://h", fold } } }, surroundings()).brokers[0]
      ?.folds[0]?.topicFrom;
    const record = { address: "sensors", body: new Uint8Array(), headers: {} };
    expect(topicFrom?.({ ...record, key: "sensor.a" })).toBe("sensor.a");
    expect(topicFrom?.({ ...record, key: "elsewhere.a" })).toBeUndefined();
    expect(topicFrom?.({ ...record, key: "no topic" })).toBeUndefined();
  });

  test.each([
    ["throws", (): never => JSON.parse("{") as never],
    ["gives no text", () => ({}) as string],
    ["gives a promise, and one that rejects", () => Promise.reject(new Error("late")) as unknown as string],
  ])("a function that %s makes none, and does no harm", async (_how, make) => {
    const fold = { "sensor.**": { topic: "sensors", topicFrom: make } };
    const topicFrom = loadSettings({ brokers: { log: { url: "kafka://h", fold } } }, surroundings()).brokers[0]
      ?.folds[0]?.topicFrom;
    expect(topicFrom?.({ address: "sensors", body: new Uint8Array(), headers: {} })).toBeUndefined();
    // A rejection that nobody takes fails the run, once promises have been settled.
    await new Promise((resolve) => setImmediate(resolve));
  });

  test.each([
    ["sensor.{kye}", /a placeholder other than/],
    ["sensor.{key} x", /makes no topics/],
    ["other.{key}", /makes topics that the pattern does not fit/],
    ["sensor.{header.a.b}.{key}.x", /makes topics that the pattern does not fit/],
  ])("the template %s is refused", (topicFrom, message) => {
    const problems = problemsOf({
      brokers: { log: { url: "kafka://h", fold: { "sensor.*.*": { topic: "s", topicFrom } } } },
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });
});
