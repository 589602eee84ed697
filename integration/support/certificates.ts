import { CertificateAuthority, hasOpenssl } from "../../tools/certificates/certificate-authority.mjs";
import type { Certificate } from "../../tools/certificates/certificate-authority.mjs";
import { leaveOut } from "./leave-out.ts";

export { CertificateAuthority };
export type { Certificate };

/** What a server and its clients are tried with. */
export interface CertificateSet {
  readonly authority: Certificate;
  /** An authority that nobody has been told to trust. */
  readonly stranger: Certificate;
  readonly server: Certificate;
  /** A server's, whose time is over. */
  readonly expired: Certificate;
  readonly client: Certificate;
  readonly strangerClient: Certificate;
  /** Deletes every file. */
  readonly remove: () => void;
}

/** Makes two authorities, and certificates from them: for servers of this host, and for clients, whose keys may be encrypted. */
export function certificateSet(host: string, { passphrase }: { readonly passphrase?: string } = {}): CertificateSet {
  const encrypted = passphrase === undefined ? {} : { passphrase };
  const [authority, stranger] = [new CertificateAuthority("authority"), new CertificateAuthority("stranger")];
  return {
    authority: authority.own,
    stranger: stranger.own,
    server: authority.issue({ name: "server", hosts: [host] }),
    expired: authority.issue({ name: "server", hosts: [host], expired: true }),
    client: authority.issue({ name: "client", ...encrypted }),
    strangerClient: stranger.issue({ name: "client", ...encrypted }),
    remove: () => {
      authority.remove();
      stranger.remove();
    },
  };
}

/** Tells whether there is a program that makes certificates, and says so where there is none. */
export function canMakeCertificates(): boolean {
  if (hasOpenssl()) return true;
  leaveOut("there is no openssl that makes certificates.");
  return false;
}
