import { connect, createServer, Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it, vi } from "vitest";
import { CertificateAuthority } from "../../../integration/support/certificates.ts";
import {
  acknowledging,
  afterwards,
  errorOf,
  foreignChannel,
  newBroker,
  onRabbit,
  openBroker,
  proxied,
  record,
  request,
  spiedSockets,
  unique,
  url,
} from "./fixtures.ts";

/** A server that takes connections and says nothing. */
async function silentServer(): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterwards(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe("connecting without a broker", () => {
  it("rejects retryable when nobody listens", async () => {
    const error = await errorOf(newBroker({ url: "amqp://user:s3cret@127.0.0.1:1" }).open());
    expect(error).toMatchObject({ name: "ConnectionError", code: "BUSBAR_CONNECTION", retryable: true });
    expect(error.message).not.toContain("s3cret");
  });

  it("rejects within connectTimeoutMs when the server is silent", async () => {
    const started = Date.now();
    const error = await errorOf(
      newBroker({ url: `amqp://127.0.0.1:${await silentServer()}`, connectTimeoutMs: 200 }).open(),
    );
    expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it("stops at once when its signal aborts", async () => {
    const caller = new AbortController();
    const broker = newBroker({ url: `amqp://127.0.0.1:${await silentServer()}` });
    const opening = broker.open({ signal: caller.signal });
    const reason = new Error("enough");
    caller.abort(reason);
    expect(await errorOf(opening)).toBe(reason);
  });

  it("refuses to work before it is open, and after it was closed", async () => {
    const broker = newBroker({ url: "amqp://127.0.0.1:1" });
    expect(() => broker.native).toThrow(expect.objectContaining({ code: "BUSBAR_CONNECTION" }));
    expect(await errorOf(broker.publish(record("a")))).toMatchObject({ code: "BUSBAR_CONNECTION" });
    await broker.close();
    await broker.close();
    expect(await errorOf(broker.publish(record("a")))).toMatchObject({ code: "BUSBAR_CLOSED" });
    expect(await errorOf(broker.open())).toMatchObject({ code: "BUSBAR_CLOSED" });
  });
});

onRabbit("connecting", () => {
  it("rejects a wrong password for good, without telling it", async () => {
    const error = await errorOf(newBroker({ credentials: { username: "guest", password: "wr0ng" } }).open());
    expect(error).toMatchObject({ name: "RefusedError", code: "BUSBAR_AUTHENTICATION", retryable: false });
    expect(`${error.message} ${String(error.cause)}`).not.toContain("wr0ng");
  });

  it("rejects a virtual host that is not there", async () => {
    expect(await errorOf(newBroker({ url: `${url()}/nonesuch` }).open())).toMatchObject({
      code: "BUSBAR_NOT_FOUND",
      retryable: false,
    });
  });

  it("may be opened again after it failed, and leaves nothing open then", async () => {
    const { proxy, url: through } = await proxied();
    const broker = newBroker({ url: through, native: { exchange: unique("missing-") }, topology: "check" });
    expect(await errorOf(broker.open())).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: false });
    while (proxy.connections > 0) await new Promise(setImmediate);
    proxy.refuse();
    const patient = newBroker({ url: through });
    expect(await errorOf(patient.open())).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    proxy.accept();
    await patient.open();
    expect(patient.native).toBeDefined();
  });

  it("tries several hosts in turn", async () => {
    const target = new URL(url());
    const silent = await silentServer();
    const broker = newBroker({
      url: `amqp://guest:guest@127.0.0.1:1,127.0.0.1:${silent},127.0.0.1:${target.port}`,
      connectTimeoutMs: 900,
    });
    await broker.open();
    expect(await broker.publish(record(unique()))).toMatchObject({ routed: false });
  });

  it("tells its name to the broker, and turns Nagle off", async () => {
    const noDelay = vi.spyOn(Socket.prototype, "setNoDelay");
    const heard: Buffer[] = [];
    const { proxy, url: through } = await proxied();
    proxy.onSaid = (bytes) => heard.push(bytes);
    await openBroker({ url: through, clientName: "report-saver" });
    expect(Buffer.concat(heard).toString("latin1")).toMatch(/connection_name.{5}report-saver/s);
    expect(noDelay.mock.calls.map(([on]) => on)).not.toContain(false);
  });

  it("leaves no timer behind when it is given up just before it is open", async () => {
    const { proxy, url: through } = await proxied();
    const broker = newBroker({ url: through, connectTimeoutMs: 60_000 });
    const caller = new AbortController();
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    proxy.onSaid = (bytes) => {
      // The last word of the client before it is open: class connection, method open (AMQP 0-9-1, 1.4.2.7).
      if (!bytes.includes(Buffer.from([0, 10, 0, 40]))) return;
      proxy.freeze("answers");
      caller.abort(new Error("given up"));
    };
    expect((await errorOf(broker.open({ signal: caller.signal }))).message).toBe("given up");
    await broker.close();
    proxy.thaw();
    while (proxy.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it("leaves no socket behind", async () => {
    const { sockets, stop } = spiedSockets();
    const broker = await openBroker();
    await broker.subscribe(request(unique()), acknowledging().sink);
    stop();
    expect(sockets.size).toBe(2);
    await broker.close();
    while ([...sockets].some(({ destroyed }) => !destroyed)) await new Promise((resolve) => setImmediate(resolve));
    expect([...sockets].every(({ destroyed }) => destroyed)).toBe(true);
  });

  it("speaks TLS, and refuses a certificate that it was not told to trust", async () => {
    const authority = new CertificateAuthority("ours");
    afterwards(() => authority.remove());
    const { certificate, key } = authority.issue({ name: "server", hosts: ["broker.test"] });
    const target = new URL(url());
    const server = createTlsServer({ cert: certificate, key }, (client) => {
      const plain = connect(Number(target.port), "127.0.0.1");
      for (const [from, to] of [
        [client, plain],
        [plain, client],
      ] as const) {
        from.on("error", () => to.destroy());
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    afterwards(() => server.close());
    const secure = `amqps://guest:guest@127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tls = { ca: authority.own.certificate, servername: "broker.test" };
    const broker = await openBroker({ url: secure, tls });
    expect(await broker.publish(record(unique()))).toMatchObject({ routed: false });
    expect(await errorOf(newBroker({ url: secure }).open())).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
    expect(await errorOf(newBroker({ url: secure, tls: { ...tls, servername: "other.test" } }).open())).toMatchObject({
      code: "BUSBAR_REFUSED",
    });
    expect(await errorOf(newBroker({ url: secure.replace(new URL(secure).port, target.port) }).open())).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
  });

  it("declares a missing exchange of its own, and adopts one of another kind", async () => {
    const channel = await foreignChannel();
    const [own, adopted, queue] = [unique("own-"), unique("fanout-"), unique("q-")];
    await channel.assertExchange(adopted, "fanout");
    await channel.assertQueue(queue, { exclusive: true });
    await channel.bindQueue(queue, adopted, "");
    const first = await openBroker({ native: { exchange: own } });
    expect(await first.publish(record("a.b"))).toMatchObject({ routed: false });
    const second = await openBroker({ native: { exchange: adopted } });
    expect(await second.publish(record("a.b"))).toMatchObject({ routed: true });
    await channel.deleteExchange(own);
    await channel.deleteExchange(adopted);
  });
});
