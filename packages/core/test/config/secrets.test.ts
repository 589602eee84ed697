import { assert, constantFrom, property, stringMatching, tuple } from "fast-check";
import { describe, expect, test } from "vitest";
import { redactUrl } from "../../src/config/redact.ts";
import { problemsOf, problemsOfYaml } from "./problems-of.ts";

describe("redactUrl", () => {
  test.each([
    ["mqtt://127.0.0.1:1883", "mqtt://127.0.0.1:1883"],
    ["amqp://guest:secret@h:5672/vhost", "amqp://guest:***@h:5672/vhost"],
    ["nats://token@h", "nats://***@h"],
    ["amqp://u:p@ss/w:rd@h/v", "amqp://u:***@h/v"],
    ["kafka://u:a@one:9092,u:b@two:9092", "kafka://u:***@two:9092"],
    ["mqtts://h?token=abc&x=1", "mqtts://h?token=***&x=***"],
    ["u:secret@h", "u:***@h"],
  ])("%s", (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  test("shows no password, whatever characters it is made of", () => {
    const urls = tuple(constantFrom("mqtt", "amqps", "x"), stringMatching(/^[ -9;-~]{0,20}$/));
    assert(
      property(urls, ([scheme, noise]) => {
        const password = `hunter2${noise}`;
        expect(redactUrl(`${scheme}://user:${password}@host:1/path`)).not.toContain("hunter2");
        expect(redactUrl(`${scheme}://${password}@host`)).not.toContain("hunter2");
      }),
    );
  });
});

/** Where a secret may stand, with a mistake near it or in it. */
const places: readonly string[] = [
  "brokers: { main: 'mqqt://user:SECRET@h' }",
  "brokers: { main: 'mqtt://user:SECRET@h:port' }",
  "brokers: { main: 'mqtt://user:SECRET/@h' }",
  "brokers: { main: 'user:SECRET@h' }",
  "brokers: { main: { url: 'kafka://user:SECRET@', nope: 1 } }",
  "brokers: { main: { url: kafka://h, credentials: { pasword: SECRET } } }",
  "brokers: { main: { url: kafka://h, credentials: { password:SECRET } } }",
  "brokers: { main: { url: kafka://h, credentials: { password: [SECRET] } } }",
  "brokers: { main: { url: kafka://h, credentials: SECRET } }",
  "brokers: { main: { url: kafka://h, credentials: { SECRET } } }",
  "brokers: { main: { url: kafka://h, credentials: { password: *SECRET } } }",
  "brokers: { main: { url: kafka://h, credentials: { password: !SECRET } } }",
  "brokers: { main: { url: kafka://h, credentials: { password: !SECRET x } } }",
  "brokers: { main: { url: kafka://h, credentials: { password: @SECRET } } }",
  "brokers: { main: { url: kafka://h, credentials: { password: SECRET, password: SECRET } } }",
  "brokers:\n  main:\n    url: kafka://h\n    credentials:\n      password: a: SECRET",
  "brokers:\n  main:\n    url: kafka://h\n    credentials:\n      password: SECRET: a",
  'brokers: { main: { url: kafka://h, credentials: { password: "\\qSECRET" } } }',
  'brokers: { main: { url: kafka://h, credentials: { password: "SECRET } } }',
  "brokers: { main: { url: kafka://h, credentials: { password: '${SECRET' } } }",
  "brokers: { main: { url: mqtts://h, tls: { key: SECRET, cert: x } } }",
  "brokers: { main: { url: mqtts://h, tls: { passphrase: 1, passphrse: SECRET, SECRET: 1 } } }",
  "brokers: { main: { url: mqtts://h, publish: { overflow: SECRET, maxInFlight: SECRET } } }",
  "brokers: { main: memory:// }\nservice: SECRET !",
  "brokers: { main: memory:// }\nroutes: { 'a.b': '${PASSWORD}' }",
  "brokers: { main: { url: '${PASSWORD}' } }",
  "brokers: { main: { url: 'kafka://${PASSWORD}@${PASSWORD}:x' } }",
  "brokers: { main: { url: kafka://h, fold: { 'a.**': '${PASSWORD} x' }, topology: '${PASSWORD}' } }",
  "brokers: { main: { url: kafka://h, credentials: { password: '${PASSWORD}' }, connectTimeoutMs: '${PASSWORD}' } }",
  "brokers: { main: memory:// }\npolicies: { 'a.b': { deadLetter: { topic: '${PASSWORD} x', broker: '${PASSWORD}' } } }",
  "brokers: { main: memory:// }\ninstance: '${PASSWORD} ${NONE}'",
];

describe("no problem shows a secret", () => {
  test.each(places)("%s", (place) => {
    const problems = problemsOfYaml(place.replaceAll("SECRET", "hunter2"), { PASSWORD: "hunter2" });
    expect(problems).not.toEqual([]);
    expect(problems.join("\n")).not.toContain("hunter2");
  });

  test("of BUSBAR_URL", () => {
    for (const url of ["mqqt://u:hunter2@h", "mqtt://u:hunter2@h:x", "hunter2@h", "hunter2"]) {
      const problems = problemsOf(undefined, { environment: { BUSBAR_URL: url }, folder: "/nowhere", hostname: "h" });
      expect(problems).toHaveLength(1);
      expect(problems[0]).not.toContain("hunter2");
    }
  });
});
