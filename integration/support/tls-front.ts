import { connect as dial } from "node:net";
import { createServer } from "node:tls";
import type { AddressInfo } from "node:net";
import type { Certificate } from "./certificates.ts";
import { afterwards } from "./cleanups.ts";

/** What stands in front of a server that speaks in the clear. */
export interface TlsFront {
  /** What it shows of itself. */
  readonly shows: Certificate;
  /** Whose certificates its clients have to have. @default they need none */
  readonly asksFor?: Certificate;
  /** Where it listens. @default somewhere */
  readonly port?: number;
}

/** Opens an encrypted way to a port of this machine, closed after the test. Resolves with the port where it begins. */
export async function tlsFront(target: number, { shows, asksFor, port = 0 }: TlsFront): Promise<number> {
  const mutual = asksFor === undefined ? {} : { requestCert: true, ca: asksFor.certificate };
  const front = createServer({ cert: shows.certificate, key: shows.key, ...mutual }, (client) => {
    const plain = dial(target, "127.0.0.1");
    client.on("error", () => plain.destroy()).pipe(plain);
    plain.on("error", () => client.destroy()).pipe(client);
    client.on("close", () => plain.destroy());
  });
  await new Promise<void>((resolve) => front.listen(port, "127.0.0.1", resolve));
  afterwards(() => new Promise((resolve) => front.close(resolve)));
  return (front.address() as AddressInfo).port;
}
