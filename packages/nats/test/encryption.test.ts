import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { canStart, errorOf, newBroker, openBroker, ownServer, record } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "busbar-nats-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A certificate for this machine that nobody knows, or `undefined` where there is nothing to make one with. */
function selfSigned(): { readonly cert_file: string; readonly key_file: string } | undefined {
  const files = { cert_file: join(folder, "cert.pem"), key_file: join(folder, "key.pem") };
  const subject = ["-subj", "/CN=busbar", "-addext", "subjectAltName=IP:127.0.0.1"];
  try {
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        ...subject,
        "-keyout",
        files.key_file,
        "-out",
        files.cert_file,
      ],
      {
        stdio: "ignore",
      },
    );
    return files;
  } catch {
    console.warn("Skipped: there is no openssl to make a certificate with.");
    return undefined;
  }
}

const files = canStart ? selfSigned() : undefined;

describe.skipIf(files === undefined)("an encrypted connection", () => {
  it("is made to a server whose certificate is trusted and has its name, and to no other", async () => {
    const server = await ownServer({ tls: files });
    const url = server.url.replace("nats:", "natss:");
    const ca = readFileSync(files?.cert_file ?? "", "utf8");
    const broker = await openBroker({ url, tls: { ca } });
    await broker.publish(record("a.b"));
    expect(await errorOf(newBroker({ url }).open())).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(await errorOf(newBroker({ url, tls: { ca, servername: "other.example" } }).open())).toMatchObject({
      code: "BUSBAR_REFUSED",
    });
    await openBroker({ url, tls: { rejectUnauthorized: false } });
  });
});
