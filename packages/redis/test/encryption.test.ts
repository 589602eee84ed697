import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { canMakeCertificates, CertificateAuthority } from "../../../integration/support/certificates.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { brokerUrl } from "./broker-url.ts";
import { acknowledging, afterwards, errorOf, newBroker, openBroker, record, request } from "./fixtures.ts";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const possible = brokerUrl !== undefined && (await canStartInstance("redis")) && canMakeCertificates();
describe.skipIf(!possible)("an encrypted connection", () => {
  it("is made to a server whose certificate is trusted and has its name, and to no other", async () => {
    const authority = new CertificateAuthority("ours");
    afterwards(() => authority.remove());
    const { files } = authority.issue({ name: "server", hosts: ["127.0.0.1"] });
    const port = await freePort();
    const server = await startInstance("redis", {
      config: {
        settings: {
          "tls-port": port,
          "tls-cert-file": files.certificate,
          "tls-key-file": files.key,
          "tls-ca-cert-file": authority.own.files.certificate,
          "tls-auth-clients": "no",
        },
      },
    });
    afterwards(() => server.destroy());
    const url = `rediss://127.0.0.1:${port}`;
    const ca = authority.own.certificate;
    const broker = await openBroker({ url, tls: { ca } });
    const inbox = acknowledging();
    await broker.subscribe(request("a.b"), inbox.sink);
    await broker.publish(record("a.b", "x"));
    await inbox.received(1);
    const refused = { code: "BUSBAR_REFUSED", retryable: false };
    expect(await errorOf(newBroker({ url }).open())).toMatchObject(refused);
    expect(await errorOf(newBroker({ url, tls: { ca, servername: "other.example" } }).open())).toMatchObject(refused);
    await openBroker({ url, tls: { rejectUnauthorized: false } });
  });
});
