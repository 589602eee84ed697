import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { inspect } from "node:util";
import type { BusError } from "@busbar/core/driver";
import { ConnectionError } from "@busbar/core/driver";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../../integration/support/certificates.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { classify, outcomeUnknown } from "../src/classify.ts";
import type { ErrorContext } from "../src/classify.ts";
import { Brokers, outbound, status } from "./fixtures.ts";

const brokers = new Brokers("");
const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  await brokers.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** The port of a server that lives as long as the test. */
async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function failure(options: Parameters<Brokers["make"]>[0]): Promise<BusError> {
  return brokers
    .make(options)
    .open()
    .then(
      () => expect.unreachable("it opened"),
      (error: unknown) => error as BusError,
    );
}

describe("a server that cannot be reached", () => {
  it("is retryable where nobody listens", async () => {
    const port = await listening(createServer());
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const error = await failure({ url: `mqtt://me:hunter2@127.0.0.1:${port}` });
    expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true, cause: { code: "ECONNREFUSED" } });
    expect(error.message).toBe(
      `Connecting to mqtt://127.0.0.1:${port} failed: nobody listens there; check that it runs and that the address and port are right.`,
    );
    expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
  });

  it("is retryable where the host has no name, over TCP and WebSocket", async () => {
    for (const scheme of ["mqtt", "ws", "mqtts"]) {
      expect(await failure({ url: `${scheme}://nobody.invalid:1` })).toMatchObject({
        code: "BUSBAR_CONNECTION",
        retryable: true,
      });
    }
  });

  it("is given up within the time to connect where nobody answers, and can be tried again", async () => {
    const port = await listening(createServer((socket) => socket.resume()));
    const bus = brokers.make({ url: `mqtt://127.0.0.1:${port}`, connectTimeoutMs: 200 });
    const began = performance.now();
    for (let round = 0; round < 2; round++) {
      await expect(bus.open()).rejects.toMatchObject({
        code: "BUSBAR_CONNECTION",
        retryable: true,
        cause: { message: "connack timeout" },
      });
    }
    expect(performance.now() - began).toBeLessThan(2000);
    await expect.poll(() => sockets.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it("can be given up by the caller", async () => {
    const port = await listening(createServer());
    const caller = new AbortController();
    const opening = brokers.make({ url: `mqtt://127.0.0.1:${port}` }).open({ signal: caller.signal });
    setImmediate(() => caller.abort(new Error("enough")));
    await expect(opening).rejects.toThrow("enough");
    await expect(
      brokers.make({ url: "mqtt://127.0.0.1:1" }).open({ signal: AbortSignal.abort(new Error("before")) }),
    ).rejects.toThrow("before");
  });

  it("is retryable where the server hangs up, and says what may be the matter", async () => {
    const port = await listening(createServer((socket) => socket.end()));
    const error = await failure({ url: `mqtt://127.0.0.1:${port}` });
    expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(error.message).toContain("native.protocolVersion");
  });

  it("is passed over for the next one", async () => {
    const port = await listening(createServer());
    const url = `mqtt://127.0.0.1:1,127.0.0.1:${port}`;
    expect(await failure({ url, connectTimeoutMs: 200 })).toMatchObject({ cause: { message: "connack timeout" } });
  });
});

describe("a server that is not what it should be", () => {
  it("is not retryable where WebSocket is refused", async () => {
    for (const [statusCode, code] of [
      [404, "BUSBAR_REFUSED"],
      [401, "BUSBAR_AUTHENTICATION"],
    ] as const) {
      const port = await listening(createHttpServer((_request, response) => response.writeHead(statusCode).end()));
      expect(await failure({ url: `ws://127.0.0.1:${port}/mqtt` })).toMatchObject({ code, retryable: false });
    }
  });

  it("is not retryable where TLS meets none", async () => {
    const port = await listening(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    expect(await failure({ url: `mqtts://127.0.0.1:${port}` })).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
  });

  it("is not retryable where its certificate is not trusted, over TLS and WebSocket", async () => {
    const authority = new CertificateAuthority("ours");
    try {
      const { key, certificate: cert } = authority.issue({ name: "server", hosts: ["broker.test"] });
      const ca = authority.own.certificate;
      const port = await listening(createTlsServer({ key, cert }));
      for (const scheme of ["mqtts", "wss"]) {
        const url = `${scheme}://127.0.0.1:${port}`;
        const untrusted = await failure({ url });
        expect(untrusted).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
        expect(untrusted.message).toContain("tls.ca");
        // Trusted under its own name: what fails then is MQTT.
        const trusted = await failure({ url, tls: { ca, servername: "broker.test" }, connectTimeoutMs: 300 });
        expect(trusted).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
        expect(await failure({ url, tls: { rejectUnauthorized: false }, connectTimeoutMs: 300 })).toMatchObject({
          code: "BUSBAR_CONNECTION",
        });
      }
    } finally {
      authority.remove();
    }
  });
});

describe.skipIf(!(await canStartInstance("mosquitto")))("a server that refuses", () => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  const credentials = { username: "me", password: "hunter2" };
  const access = "user me\ntopic readwrite open/#\ntopic readwrite _busbar/#\ntopic read $SYS/#\n";

  beforeAll(async () => {
    instance = await startInstance("mosquitto", {
      label: "mqtt-errors",
      config: {
        credentials,
        settings: { acl_file: "access", max_packet_size: 4000, max_inflight_messages: 20 },
        files: { access },
      },
    });
  });
  afterAll(() => instance.destroy());

  it.each([5, 4] as const)(
    "a password refuses for good, and never shows it, on version %d",
    async (protocolVersion) => {
      const url = instance.url.replace("//", "//me:wrong-hunter3@");
      const error = await failure({ url, native: { protocolVersion } });
      expect(error).toMatchObject({ name: "RefusedError", code: "BUSBAR_AUTHENTICATION", retryable: false });
      expect(inspect(error, { depth: 9 })).not.toContain("hunter");
      expect(await failure({ url: instance.url, native: { protocolVersion } })).toMatchObject({
        code: "BUSBAR_AUTHENTICATION",
      });
    },
  );

  it("takes the user from the URL and from the credentials", async () => {
    await expect(brokers.make({ url: instance.url.replace("//", "//me:hunter2@") }).open()).resolves.toMatchObject({
      product: "mosquitto",
    });
    await expect(brokers.make({ url: instance.url, credentials }).open()).resolves.toMatchObject({
      product: "mosquitto",
    });
  });

  it("a publish refuses for good, and goes on", async () => {
    const bus = await brokers.open({ url: instance.url, credentials });
    // mosquitto 2.0.11 ends the connection behind its answer.
    const back = status(bus, "connected");
    await expect(bus.publish(outbound("closed.a"))).rejects.toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
      topic: "closed.a",
    });
    await back;
    await expect(bus.publish(outbound("open.a"))).resolves.toBeDefined();
  });

  it("what is too large is refused to the byte before it is sent, and the connection survives", async () => {
    const bus = brokers.make({ url: instance.url, credentials });
    const { limits } = await bus.open();
    expect(limits).toEqual({ maxBodyBytes: 4000 - 1024 });
    const lost = status(bus, "disconnected").then(() => "lost");
    const fits = async (length: number): Promise<boolean> => {
      const record = outbound("open.a", new Uint8Array(length), { headers: { ä: "ö" }, expiresInMs: 1 });
      const error: unknown = await bus.publish(record).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(error).toMatchObject({ code: "BUSBAR_TOO_LARGE", retryable: false });
      return error === undefined;
    };
    await expect(fits(2976)).resolves.toBe(true);
    let largest = 4000;
    while (!(await fits(largest))) largest--;
    expect(largest).toBeGreaterThan(3800);
    await expect(Promise.race([lost, bus.publish(outbound("open.a")).then(() => "lives")])).resolves.toBe("lives");
  });

  it("has no more unconfirmed than its receive maximum", async () => {
    const bus = await brokers.open({ url: instance.url, credentials });
    const all = Array.from({ length: 200 }, () => bus.publish(outbound("open.a")));
    expect(Object.keys(bus.native.outgoing)).toHaveLength(20);
    await Promise.all(all);
  });
});

describe("an error of the client", () => {
  const server = "mqtt://host:1";
  const coded = (code: number | string, message = "said"): Error => Object.assign(new Error(message), { code });

  it.each<[error: unknown, operation: ErrorContext["operation"], code: string, retryable: boolean]>([
    [coded("ECONNRESET"), "connect", "BUSBAR_CONNECTION", true],
    [coded("EHOSTUNREACH"), "connect", "BUSBAR_CONNECTION", true],
    [coded("CERT_HAS_EXPIRED"), "connect", "BUSBAR_REFUSED", false],
    [coded("EWHATEVER"), "connect", "BUSBAR_CONNECTION", true],
    [coded(1, "Connection refused: Unacceptable protocol version"), "connect", "BUSBAR_REFUSED", false],
    [coded(2), "connect", "BUSBAR_REFUSED", false],
    [coded(3), "connect", "BUSBAR_CONNECTION", true],
    [coded(4), "connect", "BUSBAR_AUTHENTICATION", false],
    [coded(5), "connect", "BUSBAR_AUTHENTICATION", false],
    [coded(99), "connect", "BUSBAR_REFUSED", false],
    [coded(0x84), "connect", "BUSBAR_REFUSED", false],
    [coded(0x86), "connect", "BUSBAR_AUTHENTICATION", false],
    [coded(0x87), "connect", "BUSBAR_AUTHENTICATION", false],
    [coded(0x87), "publish", "BUSBAR_REFUSED", false],
    [coded(0x88), "connect", "BUSBAR_CONNECTION", true],
    [coded(0x8b), "connected", "BUSBAR_CONNECTION", true],
    [coded(0x8d), "connected", "BUSBAR_CONNECTION", true],
    [coded(0x8e), "connected", "BUSBAR_INSTANCE_IN_USE", false],
    [coded(0x95), "publish", "BUSBAR_TOO_LARGE", false],
    [coded(0x97), "publish", "BUSBAR_CAPACITY", true],
    [coded(0x80), "publish", "BUSBAR_CONNECTION", true],
    [coded(0x80), "subscribe", "BUSBAR_REFUSED", false],
    [coded(0x9e), "subscribe", "BUSBAR_REFUSED", false],
    [coded(0xfe), "publish", "BUSBAR_REFUSED", false],
    [new Error("Keepalive timeout"), "connected", "BUSBAR_CONNECTION", true],
    [new Error("Connection closed"), "subscribe", "BUSBAR_CONNECTION", true],
    [new Error("client disconnecting"), "publish", "BUSBAR_CLOSED", false],
    [undefined, "connected", "BUSBAR_CONNECTION", true],
    ["a string", "connected", "BUSBAR_CONNECTION", true],
  ])("%s while %s is %s, retryable: %s", (error, operation, code, retryable) => {
    const classified = classify(error, { operation, server, topic: "a.b" });
    expect(classified).toMatchObject({ code, retryable, broker: "mqtt", topic: "a.b" });
    expect(classified.cause).toBe(error);
    expect(classified.message).toMatch(
      /^(Connecting|Publishing|Subscribing|The connection) to "a\.b" at mqtt:\/\/host:1 failed: .+\.$/,
    );
  });

  it("that is one of the bus already stays what it is", () => {
    const error = new ConnectionError("x");
    expect(classify(error, { operation: "publish", server })).toBe(error);
  });

  it("that cost an unconfirmed publish its connection leaves the outcome open, whatever it was", () => {
    expect(outcomeUnknown(server, "a.b", coded(0x95))).toMatchObject({
      code: "BUSBAR_OUTCOME_UNKNOWN",
      retryable: true,
      topic: "a.b",
    });
  });
});
