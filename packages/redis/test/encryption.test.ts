import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { brokerUrl } from "./broker-url.ts";
import { acknowledging, afterwards, errorOf, newBroker, openBroker, record, request } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "busbar-redis-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A certificate for this machine that nobody knows, or `undefined` where there is nothing to make one with. */
function selfSigned(): { readonly cert: string; readonly key: string } | undefined {
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=busbar", "-addext", "subjectAltName=IP:127.0.0.1"];
  try {
    execFileSync("openssl", ["req", ...kind, ...subject, "-keyout", files.key, "-out", files.cert], {
      stdio: "ignore",
    });
    return files;
  } catch {
    console.warn("Skipped: there is no openssl to make a certificate with.");
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const possible = brokerUrl !== undefined && (await canStartInstance("redis"));
const files = possible ? selfSigned() : undefined;

describe.skipIf(files === undefined)("an encrypted connection", () => {
  it("is made to a server whose certificate is trusted and has its name, and to no other", async () => {
    const port = await freePort();
    const server = await startInstance("redis", {
      config: {
        settings: {
          "tls-port": port,
          "tls-cert-file": files?.cert ?? "",
          "tls-key-file": files?.key ?? "",
          "tls-ca-cert-file": files?.cert ?? "",
          "tls-auth-clients": "no",
        },
      },
    });
    afterwards(() => server.destroy());
    const url = `rediss://127.0.0.1:${port}`;
    const ca = readFileSync(files?.cert ?? "", "utf8");
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
