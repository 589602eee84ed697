import { readFileSync } from "node:fs";
import { credsAuthenticator, nkeyAuthenticator, nkeys } from "@nats-io/nats-core";
import type { ConnectionOptions } from "@nats-io/nats-core";
import { RefusedError } from "@busbar/core/driver";

/** How a process proves who it is where no password does. */
export interface Identity {
  readonly nkeySeed: string | undefined;
  readonly creds: string | undefined;
  readonly credsFile: string | undefined;
}

/** A JWT and a seed, each between its lines (`nsc generate creds`). */
const credsShape = /-BEGIN NATS USER JWT-+\s+\S+\s+-+END[\s\S]*-BEGIN USER NKEY SEED-+\s+SU\S+\s+-+END/;

/** What is wrong with them, in words that quote none. */
export function identityProblems({ nkeySeed, creds, credsFile }: Identity): string[] {
  const problems: string[] = [];
  if ([nkeySeed, creds, credsFile].filter((one) => one !== undefined).length > 1)
    problems.push("native: give one of nkeySeed, creds and credsFile");
  if (nkeySeed !== undefined && !isUserSeed(nkeySeed))
    problems.push("native.nkeySeed: must be the seed of a user's nkey, which begins with SU");
  if (creds !== undefined && !isCreds(creds))
    problems.push("native.creds: must be the text of a credentials file, with a user's JWT and its seed");
  if (credsFile !== undefined && (typeof credsFile !== "string" || credsFile === ""))
    problems.push("native.credsFile: must be the path of a credentials file");
  return problems;
}

/** What the client needs to prove it. Throws a `RefusedError` where there is no such file, or none that has what it must have. */
export function authenticating({
  nkeySeed,
  creds,
  credsFile,
}: Identity): Pick<ConnectionOptions, "authenticator"> | undefined {
  if (nkeySeed !== undefined) return { authenticator: nkeyAuthenticator(bytesOf(nkeySeed)) };
  if (creds !== undefined) return { authenticator: credsAuthenticator(bytesOf(creds)) };
  if (credsFile === undefined) return undefined;
  let latest = readCreds(credsFile);
  const newest = (): Uint8Array => {
    try {
      latest = readCreds(credsFile);
    } catch {
      // It is being replaced. What it was a moment ago may still do; where not, the server says so.
    }
    return latest;
  };
  return { authenticator: credsAuthenticator(newest) };
}

function readCreds(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new RefusedError(`The credentials file ${path} cannot be read; correct native.credsFile.`, {
      broker: "nats",
      cause,
      code: "BUSBAR_AUTHENTICATION",
    });
  }
  if (isCreds(text)) return bytesOf(text);
  throw new RefusedError(`The file ${path} is no credentials file: it must have a user's JWT and its seed.`, {
    broker: "nats",
    code: "BUSBAR_AUTHENTICATION",
  });
}

function isUserSeed(seed: unknown): boolean {
  if (typeof seed !== "string" || !seed.startsWith("SU")) return false;
  try {
    nkeys.fromSeed(bytesOf(seed));
    return true;
  } catch {
    return false;
  }
}

function isCreds(text: unknown): boolean {
  return typeof text === "string" && credsShape.test(text);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
