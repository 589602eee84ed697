import { pbkdf2Sync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Connection, alterUserScramCredentialsV0 } from "@platformatic/kafka";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canMakeCertificates, certificateSet } from "../../../integration/support/certificates.ts";
import type { CertificateSet } from "../../../integration/support/certificates.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { connect } from "@busbar/core";
import { pause } from "@busbar/core/driver";
import { kafka } from "../src/index.ts";
import type { KafkaBroker, KafkaOptions, SaslMechanism } from "../src/index.ts";
import { bodies, clients, collect, Inbox, record, rejection, request, unique } from "./fixtures.ts";

/** The ways into the server: each a listener with an encryption, and what it wants to see. */
const listeners = ["tls", "expired", "mutual", "password", "token", "clear"] as const;
type Listener = (typeof listeners)[number];

const kinds: string[] = [];
for (const kind of ["kafka", "kafka4"])
  if (await canStartInstance(kind)) kinds.push(kind);
  else console.warn(`Skipped: no private ${kind} can be started here; "npm run brokers -- up ${kind}" fetches it.`);
const isReady = kinds.length > 0 && canMakeCertificates();

const user = { username: "cook", password: 'p, "w\\=' };
const login = (module: string, more = ""): string => `org.apache.kafka.common.security.${module} required ${more};`;

function settings(ports: Readonly<Record<string, number>>, made: CertificateSet): Record<string, string> {
  const at = (name: string, port: string): string => `${name}://127.0.0.1:${ports[port]}`;
  const own = listeners.map((name) => at(name.toUpperCase(), name));
  const secured = { tls: "SSL", expired: "SSL", mutual: "SSL", password: "SASL_SSL", token: "SASL_SSL" };
  const protocols = Object.entries({ ...secured, clear: "SASL_PLAINTEXT" });
  const store = (name: Listener, shown: "server" | "expired") => ({
    [`listener.name.${name}.ssl.keystore.type`]: "PEM",
    [`listener.name.${name}.ssl.keystore.location`]: made[shown].files.both,
  });
  const quoted = user.password.replaceAll("\\", "\\\\\\\\").replaceAll('"', '\\\\"');
  const plain = login("plain.PlainLoginModule", `user_${user.username}="${quoted}"`);
  return {
    listeners: [at("PLAINTEXT", "kafka"), ...own, at("CONTROLLER", "controller")].join(),
    "advertised.listeners": [at("PLAINTEXT", "kafka"), ...own].join(),
    "listener.security.protocol.map": [
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
      ...protocols.map(([name, protocol]) => `${name.toUpperCase()}:${protocol}`),
    ].join(),
    ...store("tls", "server"),
    ...store("expired", "expired"),
    ...store("mutual", "server"),
    "listener.name.mutual.ssl.client.auth": "required",
    "listener.name.mutual.ssl.truststore.type": "PEM",
    "listener.name.mutual.ssl.truststore.location": made.authority.files.certificate,
    ...store("password", "server"),
    "listener.name.password.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.password.plain.sasl.jaas.config": plain,
    "listener.name.password.scram-sha-256.sasl.jaas.config": login("scram.ScramLoginModule"),
    "listener.name.password.scram-sha-512.sasl.jaas.config": login("scram.ScramLoginModule"),
    "listener.name.clear.sasl.enabled.mechanisms": "PLAIN",
    "listener.name.clear.plain.sasl.jaas.config": plain,
    ...store("token", "server"),
    "listener.name.token.sasl.enabled.mechanisms": "OAUTHBEARER",
    "listener.name.token.oauthbearer.sasl.jaas.config": login(
      "oauthbearer.OAuthBearerLoginModule",
      'unsecuredLoginStringClaim_sub="broker"',
    ),
    // A connection ends with its token.
    "listener.name.token.oauthbearer.connections.max.reauth.ms": "3600000",
  };
}

/** SCRAM's users are kept by the cluster. */
async function addScramUser(port: number): Promise<void> {
  const connection = new Connection("tests");
  await connection.connect("127.0.0.1", port);
  // Not both in one request: Kafka takes that for the same user twice.
  for (const [mechanism, bytes, digest] of [
    [1, 32, "sha256"],
    [2, 64, "sha512"],
  ] as const) {
    const salt = randomBytes(16);
    const saltedPassword = pbkdf2Sync(user.password, salt, 4_096, bytes, digest);
    const entry = { name: user.username, mechanism, iterations: 4_096, salt, saltedPassword };
    await alterUserScramCredentialsV0.api.async(connection, [], [entry]);
  }
  await connection.close();
}

/** What Kafka takes for a token where nobody checks signatures. */
function token(seconds: number): string {
  const now = Math.floor(Date.now() / 1_000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: "cook", iat: now - 60, exp: now + seconds })}.`;
}

describe.skipIf(!isReady).each(kinds)("security on %s", (kind) => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  const open: KafkaBroker[] = [];
  let made: CertificateSet;

  beforeAll(async () => {
    made = certificateSet("broker.test");
    instance = await startInstance(kind, {
      label: "security",
      extraPorts: [...listeners],
      config: ({ ports }) => ({ settings: settings(ports, made) }),
    });
    await addScramUser(instance.ports["kafka"] ?? 0);
  });
  afterEach(() => Promise.all(open.splice(0).map((broker) => broker.close())));
  afterAll(async () => {
    await instance?.destroy();
    made?.remove();
  });

  describe.each(clients)("through %s", (client) => {
    const make = (listener: Listener, options: Omit<KafkaOptions, "url"> = {}): KafkaBroker => {
      const url = `${listener === "clear" ? "kafka" : "kafkas"}://127.0.0.1:${instance.ports[listener]}`;
      const broker = kafka({ ...options, url, native: { ...options.native, client } });
      open.push(broker);
      return broker;
    };
    const trusted = () => ({ ca: made.authority.certificate, servername: "broker.test" });
    const refusal = (listener: Listener, options?: Omit<KafkaOptions, "url">) =>
      rejection(make(listener, options).open());
    /** All kinds of connections: the one that publishes, the one that asks, and a member's. */
    const works = async (listener: Listener, options: Omit<KafkaOptions, "url">): Promise<void> => {
      const broker = make(listener, options);
      await broker.open();
      const topic = unique("secure");
      const { inbox, subscriber } = await collect(broker, request(topic));
      await broker.publish(record(topic, "secret"));
      expect(bodies(await inbox.count(1))).toEqual(["secret"]);
      await subscriber.remove();
    };

    it("encrypts where the authority is trusted and the name is right", () => works("tls", { tls: trusted() }));

    it.each([
      ["an authority that was not named", "tls", () => ({ servername: "broker.test" })],
      ["another authority", "tls", () => ({ ca: made.stranger.certificate, servername: "broker.test" })],
      ["another name", "tls", () => ({ ca: made.authority.certificate, servername: "other.test" })],
      ["the name of the address", "tls", () => ({ ca: made.authority.certificate })],
      ["a time that is over", "expired", trusted],
    ] as const)("refuses, for good, a certificate with %s", async (_, listener, tls) => {
      expect(await refusal(listener, { tls: tls() })).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    });

    it("takes any certificate only where that was asked for", () =>
      works("expired", { tls: { rejectUnauthorized: false } }));

    it("shows a certificate of its own where the server wants to see one", async () => {
      const own = { cert: made.client.certificate, key: made.client.key };
      await works("mutual", { tls: { ...trusted(), ...own } });
      expect(await refusal("mutual", { tls: trusted() })).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    });

    it.each(["plain", "scram-sha-256", "scram-sha-512"] as const)(
      "logs in with a password by %s, and is refused with a wrong one",
      async (saslMechanism: SaslMechanism) => {
        const native = { saslMechanism };
        await works("password", { tls: trusted(), credentials: user, native });
        const credentials = { ...user, password: "guessed" };
        const error = await refusal("password", { tls: trusted(), credentials, native });
        expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
        expect(String(error)).not.toContain("guessed");
      },
    );

    it("logs in over a connection that is not encrypted", () => works("clear", { credentials: user }));

    it("is refused by a mechanism that the server does not have", async () => {
      const native = { saslMechanism: "scram-sha-256" } as const;
      const error = await refusal("clear", { credentials: user, native });
      expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
    });

    it("logs in with a token, and is refused with one that is over", async () => {
      await works("token", { tls: trusted(), credentials: { token: token(600) } });
      const error = await refusal("token", { tls: trusted(), credentials: { token: token(-30) } });
      expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
      expect(String(error)).not.toContain(token(-30));
    });

    it("gets a new token before the old one ends, and loses nothing by it", async () => {
      let asked = 0;
      const oauthToken = () => Promise.resolve(token(++asked > 4 ? 600 : 4));
      const main = make("token", { tls: trusted(), native: { oauthToken, heartbeatIntervalMs: 500 } });
      const bus = await connect({ service: "tests", brokers: { main } });
      const [topic, got] = [unique("token"), new Inbox<unknown>()];
      await bus.subscribe(topic, { group: "tests" }, (payload) => got.add(payload));
      const before = asked;
      let count = 0;
      // Until the first tokens are over.
      for (const end = Date.now() + 6_000; Date.now() < end; await pause(50)) await bus.publish(topic, count++);
      expect(asked).toBeGreaterThan(before);
      const all = Array.from({ length: count }, (_, index) => index);
      await got.until((items) => all.every((index) => items.includes(index)));
      await bus.close();
    });

    it("logs in with a token that a server gives to this client", async () => {
      const issuer = createServer((_, response) =>
        response.end(JSON.stringify({ access_token: token(600), expires_in: 600 })),
      );
      await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
      const tokenUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token`;
      await works("token", { tls: trusted(), credentials: user, native: { tokenUrl } });
      issuer.closeAllConnections();
      issuer.close();
    });

    it("may try again where no token was to be had", async () => {
      const oauthToken = () => Promise.reject(new Error("the issuer is down"));
      const error = await refusal("token", { tls: trusted(), native: { oauthToken } });
      expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
      expect(String(error)).toContain("the issuer is down");
    });
  });
});
