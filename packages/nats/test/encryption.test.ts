import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority, canMakeCertificates } from "../../../integration/support/certificates.ts";
import type { Certificate } from "../../../integration/support/certificates.ts";
import {
  acknowledging,
  canStart,
  errorOf,
  newBroker,
  openBroker,
  ownServer,
  record,
  request,
  statusOf,
} from "./fixtures.ts";

const possible = canStart && canMakeCertificates();
// Not before a test is run: where none is, nothing is tidied up either.
let authority: CertificateAuthority | undefined;
let other: CertificateAuthority | undefined;
beforeAll(() => {
  if (!possible) return;
  authority = new CertificateAuthority("ours");
  other = new CertificateAuthority("theirs");
});
afterAll(() => {
  authority?.remove();
  other?.remove();
});

const refused = { code: "BUSBAR_REFUSED", retryable: false };

/** A server with this certificate, and its URL by name. */
async function serverWith(certificate: Certificate, more: Record<string, unknown> = {}): Promise<string> {
  const { certificate: cert_file, key: key_file } = certificate.files;
  const { ports } = await ownServer({ tls: { cert_file, key_file, ...more } });
  return `natss://localhost:${ports["nats"]}`;
}

function ours(): CertificateAuthority {
  if (authority === undefined) throw new Error("There is nothing to make certificates with.");
  return authority;
}

describe.skipIf(!possible)("an encrypted connection", () => {
  it("carries messages where a given authority has signed for the server's name", async () => {
    const url = await serverWith(ours().issue({ name: "server", hosts: ["localhost"] }));
    const broker = await openBroker({ url, tls: { ca: ours().own.certificate } });
    const inbox = acknowledging();
    await broker.subscribe(request("a.b"), inbox.sink);
    await broker.publish(record("a.b", "in secret"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["in secret"]);
    expect(broker.native.info?.tls_required).toBe(true);
  });

  it("is refused where another authority has signed, or the system's are to be trusted, unless anybody is", async () => {
    const url = await serverWith(ours().issue({ name: "server", hosts: ["localhost"] }));
    expect(await errorOf(newBroker({ url, tls: { ca: other?.own.certificate ?? "" } }).open())).toMatchObject(refused);
    expect(await errorOf(newBroker({ url }).open())).toMatchObject(refused);
    await openBroker({ url, tls: { rejectUnauthorized: false } });
  });

  it("is refused where the certificate is for another host, unless that is the one which is asked for", async () => {
    const url = await serverWith(ours().issue({ name: "server", hosts: ["nats.example"] }));
    const ca = ours().own.certificate;
    const error = await errorOf(newBroker({ url, tls: { ca } }).open());
    expect(error).toMatchObject(refused);
    expect(String(error)).toContain("nats.example");
    await openBroker({ url, tls: { ca, servername: "nats.example" } });
  });

  it("is refused where the certificate has expired", async () => {
    const url = await serverWith(ours().issue({ name: "server", hosts: ["localhost"], expired: true }));
    const error = await errorOf(newBroker({ url, tls: { ca: ours().own.certificate } }).open());
    expect(error).toMatchObject(refused);
    expect(String(error)).toContain("expired");
  });

  it("is refused where the server has none to offer", async () => {
    const { ports } = await ownServer();
    const url = `natss://localhost:${ports["nats"]}`;
    expect(await errorOf(newBroker({ url, tls: { ca: ours().own.certificate } }).open())).toMatchObject(refused);
  });

  it("says who a service is by its certificate, where the server asks for one that it trusts", async () => {
    const server = ours().issue({ name: "server", hosts: ["localhost"] });
    const ca_file = ours().own.files.certificate;
    const url = await serverWith(server, { ca_file, verify: true });
    const ca = ours().own.certificate;
    const pair = ({ certificate: cert, key }: Certificate) => ({ ca, cert, key });
    await (await openBroker({ url, tls: pair(ours().issue({ name: "saver" })) })).publish(record("a.b"));
    for (const tls of [{ ca }, pair(other?.issue({ name: "saver" }) ?? server)]) {
      const error = await errorOf(newBroker({ url, tls }).open());
      expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
      expect(String(error)).toContain("check tls.cert and tls.key");
    }
  });

  it("ends for good where the server does not take the certificate any more", async () => {
    const server = ours().issue({ name: "server", hosts: ["localhost"] });
    const { certificate: cert_file, key: key_file } = server.files;
    const instance = await ownServer({
      tls: { cert_file, key_file, ca_file: ours().own.files.certificate, verify: true },
    });
    const { certificate: cert, key } = ours().issue({ name: "saver" });
    const url = `natss://localhost:${instance.ports["nats"]}`;
    const broker = await openBroker({ url, tls: { ca: ours().own.certificate, cert, key } });
    const file = join(instance.folder, "nats.conf");
    const config = JSON.parse(readFileSync(file, "utf8")) as { tls: object };
    writeFileSync(file, JSON.stringify({ ...config, tls: { ...config.tls, ca_file: other?.own.files.certificate } }));
    await instance.restart();
    await statusOf(broker, "fatal");
    expect(await errorOf(broker.publish(record("a.b")))).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
  });
});
