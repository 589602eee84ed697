import { connect } from "node:net";
import { createServer } from "node:tls";
import type { Server, TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BusError } from "@busbar/core/driver";
import type { MqttOptions } from "@busbar/mqtt";
import { canMakeCertificates, certificateSet } from "../../../integration/support/certificates.ts";
import type { CertificateSet } from "../../../integration/support/certificates.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { Brokers, carried, outbound, unique } from "./fixtures.ts";

const brokers = new Brokers("");
afterEach(() => brokers.close());

const possible = (await canStartInstance("mosquitto")) && canMakeCertificates();

describe.skipIf(!possible)("an encrypted connection to mosquitto", () => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  let made: CertificateSet;
  beforeAll(async () => {
    made = certificateSet("broker.test");
    instance = await startInstance("mosquitto", {
      label: "mqtt-tls",
      extraPorts: ["mqtts", "wss", "expired", "mutual", "mutual-wss"],
      config: ({ ports }) => ({
        append: (
          [
            ["mqtts", "mqtt", "server"],
            ["wss", "websockets", "server"],
            ["expired", "mqtt", "expired"],
            ["mutual", "mqtt", "server"],
            ["mutual-wss", "websockets", "server"],
          ] as const
        )
          .map(
            ([name, protocol, shown]) => `
listener ${ports[name]} 127.0.0.1
protocol ${protocol}
${protocol === "websockets" ? "socket_domain ipv4" : ""}
certfile ${made[shown].files.certificate}
keyfile ${made[shown].files.key}
${name.startsWith("mutual") ? `cafile ${made.authority.files.certificate}\nrequire_certificate true` : ""}
`,
          )
          .join(""),
      }),
    });
  });
  afterAll(async () => {
    await instance?.destroy();
    made?.remove();
  });

  const ca = (which: "authority" | "stranger"): string => made[which].certificate;

  describe.each(["mqtts", "wss"] as const)("over %s", (scheme) => {
    const options = (tls: MqttOptions["tls"]): MqttOptions => ({
      url: `${scheme}://127.0.0.1:${instance.ports[scheme]}`,
      ...(tls === undefined ? {} : { tls }),
    });
    const refusal = async (tls: MqttOptions["tls"]): Promise<unknown> =>
      brokers
        .make(options(tls))
        .open()
        .catch((error: unknown) => error);

    it("is made where the authority is trusted and the name is right", async () => {
      const bus = await brokers.open(options({ ca: ca("authority"), servername: "broker.test" }));
      expect(await carried(bus, "secret")).toEqual(["secret"]);
    });

    it.each([
      ["an authority that was not named", () => ({ servername: "broker.test" })],
      ["another authority", () => ({ ca: ca("stranger"), servername: "broker.test" })],
      ["another name", () => ({ ca: ca("authority"), servername: "other.test" })],
      ["the name of the address", () => ({ ca: ca("authority") })],
    ])("is refused, for good, over %s", async (_, tls) => {
      const error = await refusal(tls());
      expect(BusError.is(error)).toBe(true);
      expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    });

    it("is made to anybody only where that was asked for", async () => {
      await expect(refusal({ rejectUnauthorized: false })).resolves.toMatchObject({ product: "mosquitto" });
    });
  });

  const trusting = { ca: () => ca("authority"), servername: "broker.test" };

  it("is refused, for good, where the server's certificate has expired", async () => {
    const url = `mqtts://127.0.0.1:${instance.ports["expired"]}`;
    const tls = { ca: trusting.ca(), servername: trusting.servername };
    await expect(brokers.make({ url, tls }).open()).rejects.toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
      message: expect.stringContaining("expired") as string,
    });
  });

  describe.each([
    ["mqtts", "mutual"],
    ["wss", "mutual-wss"],
  ] as const)("with a client's certificate over %s", (scheme, listener) => {
    const options = (client: MqttOptions["tls"]): MqttOptions => ({
      url: `${scheme}://127.0.0.1:${instance.ports[listener]}`,
      tls: { ca: trusting.ca(), servername: trusting.servername, ...client },
    });
    const shown = (which: "client" | "strangerClient" | "authority", key = which): MqttOptions["tls"] => ({
      cert: made[which].certificate,
      key: made[key].key,
    });

    it("is made where the server knows the client's authority", async () => {
      const bus = await brokers.open(options(shown("client")));
      expect(await carried(bus, "mutual")).toEqual(["mutual"]);
    });

    it.each([
      ["without one", () => ({}), "BUSBAR_AUTHENTICATION"],
      ["with a stranger's", () => shown("strangerClient"), "BUSBAR_AUTHENTICATION"],
      ["with another one's key", () => shown("client", "authority"), "BUSBAR_REFUSED"],
      ["with what is no certificate", () => ({ cert: "no certificate", key: "no key" }), "BUSBAR_REFUSED"],
    ])("is refused, for good, %s", async (_, client, code) => {
      await expect(brokers.make(options(client())).open()).rejects.toMatchObject({ code, retryable: false });
    });
  });

  describe("that names its protocols", () => {
    let front: Server;
    const chosen: (string | false | null)[] = [];
    beforeAll(async () => {
      // mosquitto itself does not choose among protocols; what stands in front of brokers on shared ports does.
      const options = { cert: made.server.certificate, key: made.server.key, ALPNProtocols: ["mqtt"] };
      front = createServer(options, (socket: TLSSocket) => {
        chosen.push(socket.alpnProtocol);
        const behind = connect(instance.ports["mqtt"] ?? 0, "127.0.0.1");
        socket.on("error", () => behind.destroy());
        behind.on("error", () => socket.destroy());
        socket.pipe(behind).pipe(socket);
      });
      await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    });
    afterAll(() => void front.close());
    const options = (alpn: readonly string[]): MqttOptions => ({
      url: `mqtts://127.0.0.1:${(front.address() as { port: number }).port}`,
      tls: { ca: trusting.ca(), servername: trusting.servername },
      native: { alpn },
    });

    it("is made where the server speaks one of them", async () => {
      const bus = await brokers.open(options(["x-else", "mqtt"]));
      await bus.publish(outbound(unique()));
      expect(new Set(chosen)).toEqual(new Set(["mqtt"]));
    });

    it("is refused, for good, where it speaks none", async () => {
      await expect(brokers.make(options(["x-else"])).open()).rejects.toMatchObject({
        code: "BUSBAR_REFUSED",
        retryable: false,
        message: expect.stringContaining("native.alpn") as string,
      });
    });
  });
});
