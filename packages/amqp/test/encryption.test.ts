import { createServer } from "node:tls";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TlsOptions } from "@busbar/core/contract";
import { canMakeCertificates, CertificateAuthority } from "../../../integration/support/certificates.ts";
import type { Certificate } from "../../../integration/support/certificates.ts";
import { proxiedWay } from "../../../integration/support/proxied.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../../tools/brokers/index.mjs";
import {
  acknowledging,
  afterwards,
  errorOf,
  newBroker,
  nextStatus,
  openBroker,
  record,
  request,
  unique,
} from "./fixtures.ts";

const possible = canMakeCertificates() && (await canStartInstance("rabbitmq"));
if (!possible) console.warn("Skipped: no RabbitMQ with TLS can be started here.");

describe.skipIf(!possible)("an encrypted connection to RabbitMQ", () => {
  let server: BrokerInstance;
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let member: Certificate;

  beforeAll(async () => {
    authority = new CertificateAuthority("authority");
    stranger = new CertificateAuthority("stranger");
    member = authority.issue({ name: "report-saver" });
    const own = authority.issue({ name: "server", hosts: ["broker.test"] });
    server = await startInstance("rabbitmq", {
      label: "amqp-tls",
      extraPorts: ["amqps"],
      config: ({ ports }) => ({
        settings: {
          "listeners.ssl.1": `127.0.0.1:${ports["amqps"]}`,
          "ssl_options.cacertfile": authority.own.files.certificate,
          "ssl_options.certfile": own.files.certificate,
          "ssl_options.keyfile": own.files.key,
          "ssl_options.verify": "verify_peer",
          "ssl_options.fail_if_no_peer_cert": false,
          "auth_mechanisms.1": "PLAIN",
          "auth_mechanisms.2": "EXTERNAL",
          ssl_cert_login_from: "common_name",
        },
        files: {
          enabled_plugins: "[rabbitmq_management,rabbitmq_mqtt,rabbitmq_web_mqtt,rabbitmq_auth_mechanism_ssl].\n",
        },
      }),
    });
    await manage("users/report-saver", { password_hash: "", tags: "" });
    await manage("permissions/%2F/report-saver", { configure: ".*", write: ".*", read: ".*" });
  }, 120_000);

  afterAll(async () => {
    await server?.destroy();
    authority?.remove();
    stranger?.remove();
  }, 60_000);

  /** Tells the server's management something. */
  async function manage(path: string, body: object): Promise<void> {
    const { origin, username, password } = new URL(server.urls["management"] ?? "");
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${origin}/api/${path}`, { method: "PUT", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }

  const trusting = (more: TlsOptions = {}): TlsOptions => ({
    ca: authority.own.certificate,
    servername: "broker.test",
    ...more,
  });
  const proving = (by: Certificate): TlsOptions => trusting({ cert: by.certificate, key: by.key });
  const url = (user = ""): string => `amqps://${user}127.0.0.1:${server.ports["amqps"]}`;
  const native = { saslMechanism: "external" } as const;

  it("is made where the authority is trusted and the name is right", async () => {
    const broker = await openBroker({ url: url("guest:guest@"), tls: trusting() });
    const [topic, inbox] = [unique("a."), acknowledging()];
    await broker.subscribe(request(topic), inbox.sink);
    await broker.publish(record(topic, "secret"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["secret"]);
  });

  it("takes the name in the client certificate for the user, keeps to it over a reconnect, and lists dead letters by it", async () => {
    const { proxy, url: through } = await proxiedWay(url());
    const broker = await openBroker({ url: through, tls: proving(member), native });
    const [topic, inbox] = [unique("a."), acknowledging()];
    await broker.subscribe(request(topic), inbox.sink);
    const back = nextStatus(broker, "connected");
    proxy.cut();
    await back;
    expect(await broker.publish(record(topic, "m"))).toMatchObject({ routed: true });
    await inbox.received(1);
    await broker.deadLetters.put("g", "slot", record("_busbar.dlq.g", "letter"));
    const letters = [];
    for await (const letter of broker.deadLetters.list("g")) letters.push(letter.handle);
    expect(letters).toEqual(["slot"]);
    await broker.deadLetters.remove("g", letters);
  });

  it("is refused to a certificate whose name is no user", async () => {
    const unknown = authority.issue({ name: "nobody-here" });
    expect(await errorOf(newBroker({ url: url(), tls: proving(unknown), native }).open())).toMatchObject({
      code: "BUSBAR_AUTHENTICATION",
      retryable: false,
    });
  });

  it("is refused to a certificate of an authority that the server does not trust", async () => {
    const foreign = stranger.issue({ name: "report-saver" });
    const error = await errorOf(newBroker({ url: url(), tls: proving(foreign), native }).open());
    expect(error.code).not.toBe("BUSBAR_OUTCOME_UNKNOWN");
    expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
  });

  it.each([
    ["an authority that was not named", () => ({ servername: "broker.test" })],
    ["another authority", () => trusting({ ca: stranger.own.certificate })],
    ["another name", () => trusting({ servername: "other.test" })],
    ["the name of the address", (): TlsOptions => ({ ca: authority.own.certificate })],
  ])("is refused, for good, over %s", async (_, tls) => {
    expect(await errorOf(newBroker({ url: url("guest:guest@"), tls: tls() }).open())).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
      message: expect.stringContaining("certificate is not accepted") as string,
    });
  });

  it("is made to anybody only where that was asked for", async () => {
    const effective = await newBroker({ url: url("guest:guest@"), tls: { rejectUnauthorized: false } }).open();
    expect(effective.product).toBe("RabbitMQ");
  });

  it("is refused, for good, to a server whose certificate has expired", async () => {
    const old = authority.issue({ name: "server", hosts: ["broker.test"], expired: true });
    const front = createServer({ cert: old.certificate, key: old.key }, (client) => {
      const plain = connect(server.ports["amqp"] ?? 0, "127.0.0.1");
      client.on("error", () => plain.destroy()).pipe(plain);
      plain.on("error", () => client.destroy()).pipe(client);
    });
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    afterwards(() => front.close());
    const expired = `amqps://guest:guest@127.0.0.1:${(front.address() as AddressInfo).port}`;
    expect(await errorOf(newBroker({ url: expired, tls: trusting() }).open())).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
      message: expect.stringContaining("expired") as string,
    });
    expect(await newBroker({ url: expired, tls: trusting({ rejectUnauthorized: false }) }).open()).toMatchObject({
      product: "RabbitMQ",
    });
  });
});
