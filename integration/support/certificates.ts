import { CertificateAuthority, hasOpenssl } from "../../tools/certificates/certificate-authority.mjs";
import type { Certificate } from "../../tools/certificates/certificate-authority.mjs";
import { leaveOut } from "./leave-out.ts";

export { CertificateAuthority };
export type { Certificate };

/** Tells whether there is a program that makes certificates, and says so where there is none. */
export function canMakeCertificates(): boolean {
  if (hasOpenssl()) return true;
  leaveOut("there is no openssl that makes certificates.");
  return false;
}
