import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { startInstance } from "../brokers/index.mjs";

/**
 * Starts a mosquitto that speaks MQTT over TLS alone, with a certificate from an authority that nobody else trusts.
 *
 * @param {string} folder for keys and certificates
 * @returns {Promise<{ url: string, ca: string, end: () => Promise<void> }>}
 */
export async function startEncryptedMosquitto(folder) {
  const ca = certificate(folder, "authority");
  const server = certificate(folder, "server", [
    "-CA",
    ca.pem,
    "-CAkey",
    ca.key,
    "-addext",
    "subjectAltName=IP:127.0.0.1",
  ]);
  const instance = await startInstance("mosquitto", {
    label: "demo-tls",
    extraPorts: ["mqtts"],
    config: ({ ports }) => ({
      append: `
listener ${ports["mqtts"]} 127.0.0.1
certfile ${server.pem}
keyfile ${server.key}
`,
    }),
  });
  return { url: `mqtts://127.0.0.1:${instance.ports["mqtts"]}`, ca: ca.pem, end: () => instance.destroy() };
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {readonly string[]} [more]
 */
function certificate(folder, name, more = []) {
  const files = { pem: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=busbar demo ${name}`];
  execFileSync("openssl", [...made, ...more, "-keyout", files.key, "-out", files.pem], { stdio: "ignore" });
  return files;
}
