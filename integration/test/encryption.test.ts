import type { BusConfig, TlsConfig } from "@busbar/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../tools/brokers/index.mjs";
import { behindProxy } from "../../tools/conformance/behind-proxy.mjs";
import { canMakeCertificates, certificateSet } from "../support/certificates.ts";
import type { Certificate, CertificateSet } from "../support/certificates.ts";
import { afterwards } from "../support/cleanups.ts";
import { tlsFront } from "../support/tls-front.ts";
import { OpenBuses, quiet, unique } from "./open-buses.ts";
import { everythingIn, refusalOf } from "./refusal.ts";

/** What a server shows, and what it wants to see. */
type Face = { readonly shows: "server" | "expired"; readonly isMutual: boolean };

/** Starts something that speaks such a protocol over TLS with such a face; resolves with its port. */
type Start = (face: Face, made: CertificateSet) => Promise<number>;

const front =
  (variable: string): Start =>
  ({ shows, isMutual }, made) =>
    tlsFront(Number(new URL(process.env[variable] ?? "").port), {
      shows: made[shows],
      ...(isMutual ? { asksFor: made.authority } : {}),
    });

let kafkaServer: ReturnType<typeof startInstance> | undefined;
afterAll(async () => (await kafkaServer)?.destroy());

/** Kafka says where it is, so the way leads over the port that it tells. */
const kafka: Start = async ({ shows, isMutual }, made) => {
  kafkaServer ??= startInstance("kafka", { label: "tls", ...behindProxy });
  const { proxy: port = 0, proxied = 0 } = (await kafkaServer).ports;
  return tlsFront(proxied, { port, shows: made[shows], ...(isMutual ? { asksFor: made.authority } : {}) });
};

/** NATS begins in the clear, so no other server can stand in front of it. */
const nats: Start = async ({ shows, isMutual }, made) => {
  const { certificate: cert_file, key: key_file } = made[shows].files;
  const ca_file = made.authority.files.certificate;
  const tls = { cert_file, key_file, ...(isMutual ? { ca_file, verify: true } : {}) };
  const server = await startInstance("nats", { label: "tls", config: { settings: { tls } } });
  afterwards(() => server.destroy());
  return server.ports["nats"] ?? 0;
};

const isSet = (variable: string): boolean => (process.env[variable] ?? "") !== "";
const canCertify = canMakeCertificates();

const transports: readonly [scheme: string, start: Start, isPossible: boolean][] = [
  ["mqtts", front("BUSBAR_TEST_MOSQUITTO_URL"), isSet("BUSBAR_TEST_MOSQUITTO_URL")],
  ["wss", front("BUSBAR_TEST_MOSQUITTO_WS_URL"), isSet("BUSBAR_TEST_MOSQUITTO_WS_URL")],
  ["amqps", front("BUSBAR_TEST_RABBITMQ_URL"), isSet("BUSBAR_TEST_RABBITMQ_URL")],
  ["rediss", front("BUSBAR_TEST_REDIS_URL"), isSet("BUSBAR_TEST_REDIS_URL")],
  ["natss", nats, await canStartInstance("nats")],
  ["kafkas", kafka, await canStartInstance("kafka")],
];

const passphrase = "s3cr3t-of-a-key";

describe.each(transports)("an encrypted connection by %s:", (scheme, start, isPossible) => {
  const buses = new OpenBuses();
  let made: CertificateSet;

  beforeAll(() => {
    if (canCertify) made = certificateSet("127.0.0.1", { passphrase });
  });
  afterAll(() => {
    if (canCertify) made.remove();
  });

  function config(port: number, tls: TlsConfig): BusConfig {
    const path = scheme === "wss" ? "/mqtt" : "";
    const user = scheme === "amqps" ? "guest:guest@" : "";
    const main = { url: `${scheme}://${user}127.0.0.1:${port}${path}`, tls };
    return { service: "integration", instance: unique("i"), brokers: { main }, connectTimeoutMs: 5_000, logger: quiet };
  }
  const refusalBy = async (port: number, tls: TlsConfig) => refusalOf(() => buses.connectTo(config(port, tls)));
  const refused = { code: "BUSBAR_REFUSED", retryable: false };

  it.skipIf(!isPossible || !canCertify)(
    "is made to whom it trusts, and to nobody else",
    { timeout: 120_000 },
    async () => {
      const port = await start({ shows: "server", isMutual: false }, made);
      const ca = made.authority.certificate;
      const bus = await buses.connectTo(config(port, { ca }));
      expect(await bus.publish(unique("t"), 1)).toMatchObject({ id: expect.any(String) as string });
      expect(await refusalBy(port, {})).toMatchObject(refused);
      expect(await refusalBy(port, { ca: made.stranger.certificate })).toMatchObject(refused);
      expect(await refusalBy(port, { ca, servername: "other.test" })).toMatchObject(refused);
      await buses.connectTo(config(port, { rejectUnauthorized: false }));
    },
  );

  it.skipIf(!isPossible || !canCertify)(
    "is refused where the certificate has expired",
    { timeout: 120_000 },
    async () => {
      const port = await start({ shows: "expired", isMutual: false }, made);
      const error = await refusalBy(port, { ca: made.authority.certificate });
      expect(error).toMatchObject(refused);
      expect(error.message).toContain("expired");
    },
  );

  it.skipIf(!isPossible || !canCertify)(
    "shows a certificate whose key is encrypted, and says nothing of what it is encrypted with",
    { timeout: 120_000 },
    async () => {
      const port = await start({ shows: "server", isMutual: true }, made);
      const ca = made.authority.certificate;
      const shown = (by: Certificate): TlsConfig => ({ ca, cert: by.certificate, key: by.key });
      const bus = await buses.connectTo(config(port, { ...shown(made.client), passphrase }));
      expect(await bus.publish(unique("t"), 1)).toMatchObject({ id: expect.any(String) as string });

      const errors = [
        ...(await Promise.all([
          refusalBy(port, { ca }),
          refusalBy(port, { ...shown(made.strangerClient), passphrase }),
        ])),
        await refusalBy(port, { ...shown(made.client), passphrase: `not-${passphrase}` }),
        await refusalBy(port, shown(made.client)),
      ];
      for (const error of errors) {
        expect(everythingIn(error)).not.toContain(passphrase);
        expect(everythingIn(error)).not.toContain(made.client.key.split("\n")[1]);
      }
      // A key that cannot be read will not be read the next time either.
      expect(errors.slice(2)).toMatchObject([{ retryable: false }, { retryable: false }]);
    },
  );
});
