import { startInstance } from "../brokers/index.mjs";
import { CertificateAuthority } from "../certificates/certificate-authority.mjs";

/**
 * Starts a mosquitto that speaks MQTT over TLS alone, with a certificate from an authority that nobody else trusts.
 *
 * @returns {Promise<{ url: string, ca: string, end: () => Promise<void> }>} `ca` is the file with the authority's certificate
 */
export async function startEncryptedMosquitto() {
  const authority = new CertificateAuthority("busbar demo authority");
  try {
    const { files } = authority.issue({ name: "busbar demo server", hosts: ["127.0.0.1"] });
    const instance = await startInstance("mosquitto", {
      label: "demo-tls",
      extraPorts: ["mqtts"],
      config: ({ ports }) => ({
        append: `
listener ${ports["mqtts"]} 127.0.0.1
certfile ${files.certificate}
keyfile ${files.key}
`,
      }),
    });
    return {
      url: `mqtts://127.0.0.1:${instance.ports["mqtts"]}`,
      ca: authority.own.files.certificate,
      end: async () => {
        await instance.destroy();
        authority.remove();
      },
    };
  } catch (error) {
    authority.remove();
    throw error;
  }
}
