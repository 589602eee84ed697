import type { TlsOptions } from "../contract/index.ts";
import { withoutAbsent } from "./config-section.ts";
import type { ConfigReading, Section } from "./config-section.ts";
import { host } from "#host";

const keys = ["ca", "cert", "key", "passphrase", "servername", "rejectUnauthorized"];
const pemStart = "-----BEGIN";

/** Reads the `tls` of a broker, and the files that it names. */
export function readTls(broker: Section, reading: ConfigReading): TlsOptions | undefined {
  const section = broker.section("tls", { known: keys, secret: true });
  if (section === undefined) return undefined;
  const pem = (key: string): string | undefined => readPem(section, key, reading);
  const tls = withoutAbsent({
    ca: pem("ca"),
    cert: pem("cert"),
    key: pem("key"),
    passphrase: section.text("passphrase"),
    servername: section.text("servername"),
    rejectUnauthorized: section.flag("rejectUnauthorized"),
  });
  if (section.has("cert") !== section.has("key"))
    reading.report(section.path, "has only one of cert and key; give both or none");
  return tls;
}

/** Says neither the name nor the contents: a key may have been pasted where its file's name belongs. */
function readPem(section: Section, key: string, reading: ConfigReading): string | undefined {
  const value = section.text(key);
  if (value === undefined || value.includes(pemStart)) return value;
  const { folder } = reading.source;
  let text: string;
  try {
    text = host.read(host.pathOf(folder, value));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return reading.report(
      section.at(key),
      `names a file that cannot be read (${code}); relative names begin in ${folder}`,
    );
  }
  return text.includes(pemStart)
    ? text
    : reading.report(section.at(key), `names a file that holds no PEM text (${pemStart}…)`);
}
