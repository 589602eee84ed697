import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate with its key, as PEM text and as the files that a server is configured with. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  readonly files: { readonly certificate: string; readonly key: string };
}

/** What a certificate that an authority signs says. */
export interface CertificateRequest {
  /** The common name. */
  readonly name: string;
  /** The host names that it is good for. */
  readonly hosts?: readonly string[];
  /** Its time was over in 2020. */
  readonly expired?: boolean;
}

const [newKey, made] = [
  ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
  { stdio: "ignore" },
] as const;

/** A certificate authority of a test's own that nobody else trusts, in a folder that `remove` deletes. */
export class CertificateAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), "busbar-certificates-"));
  readonly own: Certificate;
  #issued = 0;

  constructor(name: string) {
    const { certificate, key } = this.#files("authority");
    const out = ["-keyout", key, "-out", certificate];
    execFileSync("openssl", ["req", "-x509", "-days", "2", "-subj", `/CN=${name}`, ...newKey, ...out], made);
    this.own = read({ certificate, key });
    writeFileSync(join(this.#folder, "index"), "");
    writeFileSync(join(this.#folder, "ca.conf"), settings(this.#folder));
  }

  /** Signs a certificate. */
  issue({ name, hosts = [], expired = false }: CertificateRequest): Certificate {
    const { certificate, key } = this.#files(String(this.#issued++));
    const request = `${certificate}.request`;
    const names = hosts.length === 0 ? [] : ["-addext", `subjectAltName=${hosts.map((host) => `DNS:${host}`).join()}`];
    execFileSync(
      "openssl",
      ["req", "-subj", `/CN=${name}`, ...names, ...newKey, "-keyout", key, "-out", request],
      made,
    );
    const [start, end] = expired ? ["20200101000000Z", "20200102000000Z"] : ["20200101000000Z", "20491231000000Z"];
    const validity = ["-startdate", start, "-enddate", end];
    const paths = ["-config", join(this.#folder, "ca.conf"), "-in", request, "-out", certificate];
    execFileSync("openssl", ["ca", "-batch", "-notext", ...validity, ...paths], made);
    return read({ certificate, key });
  }

  /** Deletes every file. */
  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #files(name: string): Certificate["files"] {
    return { certificate: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}.key`) };
  }
}

/** Tells whether there is a program that makes certificates, and says so where there is none. */
export function canMakeCertificates(): boolean {
  try {
    execFileSync("openssl", ["version"], made);
    return true;
  } catch {
    console.warn("Skipped: there is no openssl that makes certificates.");
    return false;
  }
}

function read(files: Certificate["files"]): Certificate {
  return { certificate: readFileSync(files.certificate, "utf8"), key: readFileSync(files.key, "utf8"), files };
}

/** The configuration of `openssl ca`, the one of its commands that takes a time in the past. */
function settings(folder: string): string {
  return `
[ca]
default_ca = own
[own]
database = ${join(folder, "index")}
new_certs_dir = ${folder}
certificate = ${join(folder, "authority.pem")}
private_key = ${join(folder, "authority.key")}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
`;
}
