import { describe, expect, test, vi } from "vitest";
import type { Adapter, AdapterOptions, Broker } from "../../src/contract/index.ts";
import type { BusConfig } from "../../src/config/bus-config.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { ConfigError } from "../../src/errors.ts";
import { adapter as memoryAdapter, memory } from "../../src/memory/memory-broker.ts";
import { folderWith, surroundings } from "./problems-of.ts";

async function load(config: BusConfig | string | undefined, folder = "/nowhere"): Promise<Broker> {
  const [broker] = loadSettings(config, surroundings(folder)).brokers;
  if (broker === undefined) throw new Error("There is no broker.");
  return broker.load();
}

async function failure(config: BusConfig | string | undefined, folder?: string): Promise<ConfigError> {
  const error: unknown = await load(config, folder).catch((thrown: unknown) => thrown);
  if (error instanceof ConfigError) return error;
  throw new Error("It did not fail with a ConfigError.", { cause: error });
}

/** A package whose driver is only its name and its options. */
const source = (name: string): string =>
  `export const adapter = { name: "${name}", schemes: ["acme"], declared: {}, create: (options) => ({ name: "${name}", options }) };`;

function acmePackage(manifest: object, files: Readonly<Record<string, string>>): Record<string, string> {
  const inside = { ...files, "package.json": JSON.stringify({ name: "@acme/busbar-x", type: "module", ...manifest }) };
  return Object.fromEntries(
    Object.entries(inside).map(([name, text]) => [`node_modules/@acme/busbar-x/${name}`, text]),
  );
}

const acme = "brokers:\n  main:\n    url: acme://h\n    adapter: '@acme/busbar-x'\n";

describe("an adapter that is named", () => {
  test("is found from the configuration's folder, by the conditions of import", async () => {
    const files = acmePackage(
      { exports: { ".": { types: "./x.d.ts", import: "./x.js", require: "./x.cjs" } } },
      { "x.js": source("acme") },
    );
    const folder = folderWith({ ...files, "conf/busbar.yaml": acme });
    expect(await load("conf/busbar.yaml", folder)).toMatchObject({ name: "acme" });
  });

  test("is found from the working directory", async () => {
    const folder = folderWith(acmePackage({ exports: "./x.js" }, { "x.js": source("acme") }));
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    expect(await load({ brokers: { main: { url: "acme://h", adapter: "@acme/busbar-x" } } })).toMatchObject({
      name: "acme",
    });
  });

  test("is found from the folder of the program", async () => {
    const folder = folderWith({ ...acmePackage({ exports: "./x.js" }, { "x.js": source("acme") }), "bin/main.js": "" });
    const before = process.argv[1] ?? "";
    process.argv[1] = `${folder}/bin/main.js`;
    const loading = load({ brokers: { main: { url: "acme://h", adapter: "@acme/busbar-x" } } });
    process.argv[1] = before;
    expect(await loading).toMatchObject({ name: "acme" });
  });

  test("honours the conditions that Node was started with", async () => {
    vi.stubEnv("NODE_OPTIONS", "--no-warnings --conditions=@acme/source -C other");
    const exports = { ".": { "@acme/source": "./source.js", default: "./x.js" } };
    const folder = folderWith({
      ...acmePackage({ exports }, { "x.js": source("built"), "source.js": source("source") }),
      "busbar.yaml": acme,
    });
    expect(await load(undefined, folder)).toMatchObject({ name: "source" });
  });

  test("may be a file beside the configuration", async () => {
    const folder = folderWith({
      "conf/own.mjs": source("own"),
      "conf/busbar.yaml": "brokers: { main: { url: acme://h, adapter: ./own.mjs } }",
    });
    expect(await load("conf/busbar.yaml", folder)).toMatchObject({ name: "own" });
    expect((await failure({ brokers: { main: { url: "acme://h", adapter: "./gone.mjs" } } }, folder)).problems).toEqual(
      ['brokers.main: needs the adapter "./gone.mjs", and there is no such file'],
    );
  });

  test("gets everything that the configuration says", async () => {
    const folder = folderWith({
      ...acmePackage({ exports: "./x.js" }, { "x.js": source("acme") }),
      "ca.pem": "-----BEGIN CERTIFICATE-----\n",
      "busbar.yaml": `service: saver\n${acme}    tls: { ca: ca.pem, rejectUnauthorized: false }
    credentials: { username: u, token: t }
    topology: assume
    connectTimeoutMs: 7
    native: { deep: [{ a: 1 }] }
`,
    });
    expect(((await load(undefined, folder)) as unknown as { options: AdapterOptions }).options).toEqual({
      url: "acme://h",
      clientName: "saver",
      tls: { ca: "-----BEGIN CERTIFICATE-----\n", rejectUnauthorized: false },
      credentials: { username: "u", token: "t" },
      topology: "assume",
      connectTimeoutMs: 7,
      native: { deep: [{ a: 1 }] },
    });
  });

  test("says which of the topics that the configuration names cannot be there together", async () => {
    const asked: (readonly string[])[] = [];
    const topicProblems = (topics: readonly string[]): string[] => {
      asked.push(topics);
      return topics.includes("meters") ? ["there is no room for meters", "nor for anything else"] : [];
    };
    const fussy: Adapter = { ...memoryAdapter, topicProblems };
    const main = { url: "memory:", adapter: fussy, fold: { "sensor.**": "sensors", "meter.*": { topic: "meters" } } };
    const config = { brokers: { main, other: "memory:" }, routes: { "a.b": "main", "a.*": "main", "c.d": "other" } };
    expect((await failure(config)).problems).toEqual([
      "brokers.main: there is no room for meters",
      "brokers.main: nor for anything else",
    ]);
    expect(asked).toEqual([["sensors", "meters", "a.b"]]);
    await load({ brokers: { main: { url: "memory:", adapter: fussy } } });
  });

  test("that is not installed is an error with the command that installs it", async () => {
    const folder = folderWith({ "busbar.yaml": acme });
    const error = await failure(undefined, folder);
    expect(error).toMatchObject({ code: "BUSBAR_ADAPTER_NOT_FOUND", broker: "main", retryable: false });
    expect(error.problems).toEqual([
      'busbar.yaml:2: brokers.main: needs the adapter "@acme/busbar-x", and it is not installed; run: npm install @acme/busbar-x',
    ]);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      "exports no adapter",
      acmePackage({ exports: "./x.js" }, { "x.js": "export const adaptor = {};" }),
      /exports no adapter; it has to export one called adapter/,
    ],
    [
      "exports something else",
      acmePackage({ exports: "./x.js" }, { "x.js": "export const adapter = { create() {} };" }),
      /exports no adapter/,
    ],
    [
      "misses a dependency",
      acmePackage({ exports: "./x.js" }, { "x.js": 'import "@acme/client";' }),
      /is installed, but cannot be loaded: .*@acme\/client/,
    ],
    [
      "throws while it is loaded",
      acmePackage({ exports: "./x.js" }, { "x.js": 'throw new Error("no luck");' }),
      /cannot be loaded: no luck/,
    ],
    ["has no entry", acmePackage({ exports: { "./other": "./x.js" } }, { "x.js": source("acme") }), /cannot be used: /],
    [
      "takes other schemes",
      acmePackage({ exports: "./x.js" }, { "x.js": source("acme").replace('["acme"]', '["a", "b"]') }),
      /the adapter "acme" takes a: b:, not acme:/,
    ],
  ])("that %s is an error", async (_name, files, message) => {
    const error = await failure(undefined, folderWith({ ...files, "busbar.yaml": acme }));
    expect(error.code).toBe("BUSBAR_CONFIG");
    expect(error.problems).toEqual([expect.stringMatching(message)]);
    expect(error.problems[0]).toMatch(/^busbar\.yaml:2: brokers\.main: /);
  });
});

describe("an adapter that is an object", () => {
  test("makes the driver, and its problems get their place", async () => {
    const create = vi.fn<Adapter["create"]>(() => {
      throw new ConfigError(['native: unknown key "x"', "native.y: has to be 1"]);
    });
    const config: BusConfig = { brokers: { main: { url: "memory:", adapter: { ...memoryAdapter, create } } } };
    expect((await failure(config)).problems).toEqual([
      'brokers.main: native: unknown key "x"',
      "brokers.main: native.y: has to be 1",
    ]);
    expect(create).toHaveBeenCalledWith({ url: "memory:", clientName: "app", connectTimeoutMs: 10_000 });
  });

  test("may be the driver itself", async () => {
    const broker = memory({ url: "memory:" });
    expect(await load({ brokers: { main: broker } })).toBe(broker);
  });
});

test("the broker in memory needs no package", async () => {
  expect(await load("memory:")).toMatchObject({ name: "memory" });
  expect(await load("memory://other")).toMatchObject({ name: "memory" });
});
