import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BusError } from "@busbar/core/driver";
import type { MqttOptions } from "@busbar/mqtt";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { acknowledging, Brokers, outbound, request, unique } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "busbar-mqtt-tls-"));
const brokers = new Brokers("");
afterEach(() => brokers.close());
afterAll(() => rmSync(folder, { recursive: true }));

/** An authority that nobody knows, and what else of it is needed: its files. */
interface Authority {
  readonly certificate: string;
  readonly key: string;
}

function certificate(name: string, ...more: readonly string[]): Authority {
  const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  const out = ["-keyout", files.key, "-out", files.certificate];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
  execFileSync("openssl", [...made, ...more, ...out], { stdio: "ignore" });
  return files;
}

/** Two authorities, and a server's certificate from the first; `undefined` where there is nothing to make them with. */
function certificates(): Readonly<Record<"authority" | "stranger" | "server", Authority>> | undefined {
  try {
    const [authority, stranger] = [certificate("authority"), certificate("stranger")];
    const from = ["-CA", authority.certificate, "-CAkey", authority.key];
    const names = ["-addext", "subjectAltName=DNS:broker.test", "-addext", "basicConstraints=critical,CA:FALSE"];
    return { authority, stranger, server: certificate("server", ...from, ...names) };
  } catch {
    console.warn("Skipped: there is no openssl that makes certificates.");
    return undefined;
  }
}

const files = (await canStartInstance("mosquitto")) ? certificates() : undefined;

describe.skipIf(files === undefined)("an encrypted connection to mosquitto", () => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  beforeAll(async () => {
    instance = await startInstance("mosquitto", {
      label: "mqtt-tls",
      extraPorts: ["mqtts", "wss"],
      config: ({ ports }) => ({
        append: ["mqtts mqtt", "wss websockets"]
          .map((listener) => listener.split(" ") as [string, string])
          .map(
            ([name, protocol]) => `
listener ${ports[name]} 127.0.0.1
protocol ${protocol}
${protocol === "websockets" ? "socket_domain ipv4" : ""}
certfile ${files?.server.certificate}
keyfile ${files?.server.key}
`,
          )
          .join(""),
      }),
    });
  });
  afterAll(() => instance.destroy());

  const ca = (which: "authority" | "stranger"): string => readFileSync(files?.[which].certificate ?? "", "utf8");

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
      const [topic, inbox] = [unique(), acknowledging()];
      await bus.subscribe(request(topic), inbox.sink);
      await bus.publish(outbound(topic, "secret"));
      await inbox.received(1);
      expect(inbox.texts).toEqual(["secret"]);
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
});
