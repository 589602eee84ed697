import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { findConfig } from "../../src/config/find-config.ts";
import { folderWith, problemsOf, surroundings } from "./problems-of.ts";

const inMemory = { brokers: { main: "memory:" } };

test("the argument goes before everything", () => {
  const around = surroundings(folderWith({ "busbar.yaml": "brokers: { file: mqtt://h }" }), {
    BUSBAR_URL: "nats://h",
    BUSBAR_CONFIG: "gone.yaml",
  });
  expect(findConfig("memory:", around)).toMatchObject({ source: { value: inMemory }, warnings: [] });
  expect(findConfig(inMemory, around)).toMatchObject({ source: { value: inMemory } });
});

test("the argument may name a file, by name or URL", () => {
  const folder = folderWith({ "conf/a.yml": "brokers: { a: mqtt://h }" });
  const value = { brokers: { a: "mqtt://h" } };
  expect(findConfig("./conf/a.yml", surroundings(folder)).source).toMatchObject({
    value,
    file: "conf/a.yml",
    folder: join(folder, "conf"),
  });
  expect(findConfig(pathToFileURL(join(folder, "conf/a.yml")), surroundings()).source).toMatchObject({ value });
  expect(findConfig(new URL("mqtt://h:1"), surroundings()).source.value).toEqual({ brokers: { main: "mqtt://h:1" } });
});

test("then BUSBAR_CONFIG, then BUSBAR_URL, then ./busbar.yaml, each saying what it leaves out", () => {
  const folder = folderWith({
    "busbar.yaml": "brokers: { here: mqtt://h }",
    "other.json": '{"brokers":{"other":"mqtt://h"}}',
  });
  const find = (environment: Readonly<Record<string, string>>): ReturnType<typeof findConfig> =>
    findConfig(undefined, surroundings(folder, environment));
  const both = find({ BUSBAR_CONFIG: "other.json", BUSBAR_URL: "nats://h" });
  expect(both.source.value).toEqual({ brokers: { other: "mqtt://h" } });
  expect(both.warnings).toEqual(["BUSBAR_URL has no effect, because BUSBAR_CONFIG names a file."]);
  const url = find({ BUSBAR_URL: "nats://h" });
  expect(url.source.value).toEqual({ brokers: { main: "nats://h" } });
  expect(url.warnings).toEqual(["busbar.yaml is not read, because BUSBAR_URL is set."]);
  const here = find({ BUSBAR_URL: "", BUSBAR_CONFIG: "" });
  expect(here.source.value).toEqual({ brokers: { here: "mqtt://h" } });
  expect(here.warnings).toEqual([]);
});

test("then the broker in memory, with one warning, and in production an error", () => {
  const found = findConfig(undefined, surroundings(folderWith({})));
  expect(found.source.value).toEqual(inMemory);
  expect(found.warnings).toHaveLength(1);
  expect(problemsOf(undefined, surroundings("/nowhere", { NODE_ENV: "production" }))).toEqual([
    expect.stringContaining("NODE_ENV is production"),
  ]);
  expect(problemsOf(undefined, surroundings("/nowhere", { NODE_ENV: "production", BUSBAR_URL: "memory:" }))).toEqual(
    [],
  );
});

test("a named file that cannot be read is a problem, not a reason to go on", () => {
  expect(problemsOf(undefined, surroundings("/nowhere", { BUSBAR_CONFIG: "gone.yaml" }))).toEqual([
    "BUSBAR_CONFIG names the file /nowhere/gone.yaml, which cannot be read (ENOENT).",
  ]);
  expect(problemsOf("gone.yaml")).toEqual([expect.stringContaining("connect() names the file /nowhere/gone.yaml")]);
  const folder = folderWith({});
  mkdirSync(join(folder, "busbar.yaml"));
  expect(problemsOf(undefined, surroundings(folder))).toEqual([expect.stringContaining("(EISDIR)")]);
});

test("a problem of BUSBAR_URL names it", () => {
  expect(problemsOf(undefined, surroundings("/nowhere", { BUSBAR_URL: "mqqt://h" }))).toEqual([
    expect.stringContaining("BUSBAR_URL: brokers.main: has the unknown scheme"),
  ]);
});

test("certificates are looked for beside the file that names them", () => {
  const folder = folderWith({
    "conf/a.yaml": "brokers:\n  main:\n    url: mqtts://h\n    tls: { ca: ./ca.pem, cert: c.pem, key: k.pem }",
  });
  expect(problemsOf("conf/a.yaml", surroundings(folder))).toHaveLength(3);
  expect(problemsOf("conf/a.yaml", surroundings(folder))[0]).toBe(
    `conf/a.yaml:4: brokers.main.tls.ca: names a file that cannot be read (ENOENT); relative names begin in ${join(folder, "conf")}`,
  );
  for (const name of ["ca", "c", "k"]) writeFileSync(join(folder, `conf/${name}.pem`), "-----BEGIN CERTIFICATE-----\n");
  expect(problemsOf("conf/a.yaml", surroundings(folder))).toEqual([]);
  writeFileSync(join(folder, "conf/k.pem"), "not a key");
  expect(problemsOf("conf/a.yaml", surroundings(folder))).toEqual([
    expect.stringContaining("tls.key: names a file that holds no PEM text"),
  ]);
});
