import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canMakeCertificates, certificateSet } from "../../../integration/support/certificates.ts";
import type { Certificate, CertificateSet } from "../../../integration/support/certificates.ts";
import type { MqttOptions } from "@busbar/mqtt";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { Brokers, carried } from "./fixtures.ts";

const brokers = new Brokers("");
afterEach(() => brokers.close());

const possible = (await canStartInstance("hivemq")) && canMakeCertificates();
if (!possible) console.warn("Skipped: no HiveMQ with certificates can be started here.");

const password = "keystore";

describe.skipIf(!possible)("an encrypted connection to HiveMQ", () => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  let made: CertificateSet;
  beforeAll(async () => {
    made = certificateSet("broker.test");
    instance = await startInstance("hivemq", {
      label: "mqtt-tls",
      extraPorts: ["mqtts", "expired", "mutual"],
      config: ({ ports }) => ({
        settings: {
          listeners: {
            "tls-tcp-listener": [
              listener(ports["mqtts"], made.server),
              listener(ports["expired"], made.expired),
              listener(ports["mutual"], made.server, made.authority),
            ],
          },
        },
      }),
    });
  });
  afterAll(async () => {
    await instance?.destroy();
    made?.remove();
  });

  const options = (port: string, tls: MqttOptions["tls"]): MqttOptions => ({
    url: `mqtts://127.0.0.1:${instance.ports[port]}`,
    ...(tls === undefined ? {} : { tls }),
  });
  const trusting = (): MqttOptions["tls"] => ({ ca: made.authority.certificate, servername: "broker.test" });

  it.each([
    ["where the authority is trusted and the name is right", "mqtts", () => ({})],
    [
      "where the server knows the client's authority",
      "mutual",
      () => ({ cert: made.client.certificate, key: made.client.key }),
    ],
  ])("is made %s", async (_, port, client) => {
    const bus = await brokers.open(options(port, { ...trusting(), ...client() }));
    expect(await carried(bus, "secret")).toEqual(["secret"]);
  });

  it.each([
    ["an authority that was not named", "mqtts", () => ({ servername: "broker.test" })],
    ["another authority", "mqtts", () => ({ ca: made.stranger.certificate, servername: "broker.test" })],
    ["another name", "mqtts", () => ({ ca: made.authority.certificate, servername: "other.test" })],
    ["the name of the address", "mqtts", () => ({ ca: made.authority.certificate })],
    ["a certificate that has expired", "expired", trusting],
  ])("is refused, for good, over %s", async (_, port, tls) => {
    await expect(brokers.make(options(port, tls())).open()).rejects.toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
  });

  it.each([
    ["without one", () => ({})],
    ["with a stranger's", () => ({ cert: made.strangerClient.certificate, key: made.strangerClient.key })],
  ])("is refused, for good, where a client's certificate is asked for, %s", async (_, client) => {
    await expect(brokers.make(options("mutual", { ...trusting(), ...client() })).open()).rejects.toMatchObject({
      code: "BUSBAR_AUTHENTICATION",
      retryable: false,
    });
  });
});

/** A listener that shows this certificate, and wants to see one of that authority. */
function listener(port: number | undefined, shows: Certificate, asksFor?: Certificate): Record<string, unknown> {
  return {
    port,
    "bind-address": "127.0.0.1",
    tls: {
      keystore: { path: keystore(shows), password, "private-key-password": password },
      ...(asksFor === undefined
        ? {}
        : { truststore: { path: truststore(asksFor), password }, "client-authentication-mode": "REQUIRED" }),
    },
  };
}

/** HiveMQ takes certificates from stores of Java, which reads those that openssl writes. */
function keystore({ files }: Certificate): string {
  const store = `${files.certificate}.p12`;
  const [from, to] = [
    ["-in", files.certificate, "-inkey", files.key],
    ["-out", store, "-passout", `pass:${password}`],
  ];
  execFileSync("openssl", ["pkcs12", "-export", ...from, ...to]);
  return store;
}

/** Java trusts a certificate of such a store only where its own tool has put it there. */
function truststore({ files }: Certificate): string {
  const store = `${files.certificate}.trusted`;
  const home = process.env["JAVA_HOME"];
  const keytool = home === undefined ? "keytool" : join(home, "bin", "keytool");
  const order = ["-importcert", "-noprompt", "-alias", "authority", "-file", files.certificate];
  execFileSync(keytool, [...order, "-keystore", store, "-storepass", password], { stdio: "ignore" });
  return store;
}
