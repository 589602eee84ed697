import { connect, isIP } from "node:net";
import { connect as encrypt } from "node:tls";
import { RefusedError } from "@busbar/core/driver";
import { hostOf } from "./options.ts";
import type { NatsSettings } from "./options.ts";

/** What a server says that does not take a client's certificate, or wants one (RFC 8446, section 6.2). */
const refusal = /alert (certificate (?:required|unknown|revoked|expired)|(?:bad|unsupported) certificate|unknown ca)/;

/**
 * Asks every server whether it hangs up because of the client's certificate, and resolves to that refusal where one does and none takes
 * it. With TLS 1.3 a server says so after the handshake, where the client library takes it for a lost connection and dials again.
 */
export async function certificateRefusal(settings: NatsSettings, withinMs: number): Promise<RefusedError | undefined> {
  const ends = await Promise.all(settings.servers.map((server) => greeting(server, settings, withinMs)));
  if (ends.includes("answered")) return undefined;
  for (const [index, end] of ends.entries()) {
    if (!(end instanceof Error)) continue;
    const [, said] = refusal.exec(end.message) ?? [];
    if (said === undefined) continue;
    return new RefusedError(
      `Connecting to nats://${settings.servers[index]} failed: the server does not take the client's certificate, or wants one ("${said}"); check tls.cert and tls.key.`,
      { broker: "nats", cause: end, code: "BUSBAR_AUTHENTICATION" },
    );
  }
  return undefined;
}

/** What becomes of a connection that says hello once it is encrypted: it is answered, ends by an error, or nothing happens in time. Nothing is left open. */
function greeting(server: string, { tls }: NatsSettings, withinMs: number): Promise<"answered" | Error | undefined> {
  return new Promise((resolve) => {
    const { port } = new URL(`tcp://${server}`);
    const host = hostOf(server);
    const socket = connect(Number(port || 4222), host);
    const end = (how?: "answered" | Error): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(how);
    };
    const timer = setTimeout(end, withinMs);
    socket.on("error", end);
    // The first that a server sends is who it is, in the clear.
    socket.once("data", () => {
      const encrypted = encrypt({ socket, ...(isIP(host) === 0 && { servername: host }), ...tls }, () => {
        encrypted.write("PING\r\n");
      });
      encrypted.on("error", end).once("data", () => end("answered"));
    });
  });
}
