import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A certificate with its key, as PEM text and as the files that a server is configured with.
 *
 * @typedef {object} Certificate
 * @property {string} certificate
 * @property {string} key
 * @property {{ readonly certificate: string, readonly key: string, readonly both: string }} files `both` has the key and then the certificate
 */

/**
 * What a certificate that an authority signs says.
 *
 * @typedef {object} CertificateRequest
 * @property {string} name the common name
 * @property {readonly string[]} [hosts] the names and addresses of hosts that it is good for
 * @property {boolean} [expired] its time was over in 2020
 * @property {string} [passphrase] what its key is encrypted with. Default: it is not
 */

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const inTheClear = ["-nodes"];

/** A certificate authority of its maker's own that nobody else trusts, in a folder that `remove` deletes. */
export class CertificateAuthority {
  #folder = mkdtempSync(join(tmpdir(), "busbar-certificates-"));
  #issued = 0;

  /** @param {string} name */
  constructor(name) {
    const { certificate, key } = this.#paths("authority");
    openssl([
      "req",
      "-x509",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      ...newKey,
      ...inTheClear,
      "-keyout",
      key,
      "-out",
      certificate,
    ]);
    /**
     * Its own certificate, which those trust who trust it.
     *
     * @type {Certificate}
     */
    this.own = this.#read("authority");
    writeFileSync(join(this.#folder, "index"), "");
    writeFileSync(join(this.#folder, "ca.conf"), settings(this.#folder));
  }

  /**
   * Signs a certificate.
   *
   * @param {CertificateRequest} request
   * @returns {Certificate}
   */
  issue({ name, hosts = [], expired = false, passphrase }) {
    const id = String(this.#issued++);
    const { certificate, key } = this.#paths(id);
    const request = join(this.#folder, `${id}.request`);
    const names = hosts.map((host) => `${isIP(host) === 0 ? "DNS" : "IP"}:${host}`);
    const extensions = hosts.length === 0 ? [] : ["-addext", `subjectAltName=${names.join(",")}`];
    const encrypted = passphrase === undefined ? inTheClear : ["-passout", `pass:${passphrase}`];
    openssl(["req", "-subj", `/CN=${name}`, ...extensions, ...newKey, ...encrypted, "-keyout", key, "-out", request]);
    const [start, end] = expired ? ["20200101000000Z", "20200102000000Z"] : ["20200101000000Z", "20491231000000Z"];
    const validity = ["-startdate", start, "-enddate", end];
    const config = join(this.#folder, "ca.conf");
    openssl(["ca", "-batch", "-notext", ...validity, "-config", config, "-in", request, "-out", certificate]);
    return this.#read(id);
  }

  /** Deletes every file. */
  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {string} id */
  #paths(id) {
    const path = join(this.#folder, id);
    return { certificate: `${path}.pem`, key: `${path}.key`, both: `${path}.both` };
  }

  /** @param {string} id */
  #read(id) {
    const files = this.#paths(id);
    const [certificate, key] = [readFileSync(files.certificate, "utf8"), readFileSync(files.key, "utf8")];
    writeFileSync(files.both, key + certificate);
    return { certificate, key, files };
  }
}

/**
 * Tells whether there is the program that makes certificates.
 *
 * @returns {boolean}
 */
export function hasOpenssl() {
  try {
    openssl(["version"]);
    return true;
  } catch {
    return false;
  }
}

/** @param {readonly string[]} args */
function openssl(args) {
  execFileSync("openssl", args, { stdio: "ignore" });
}

/**
 * The configuration of `openssl ca`, the one of its commands that takes a time in the past.
 *
 * @param {string} folder
 */
function settings(folder) {
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
