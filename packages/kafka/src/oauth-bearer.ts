import { BusError, ConnectionError } from "@busbar/core/driver";

/** The first message of SASL OAUTHBEARER (RFC 7628, section 3.1). */
export function tokenMessage(token: string): Buffer {
  return Buffer.from(`n,,\u0001auth=Bearer ${token}\u0001\u0001`, "utf8");
}

/** A token that the server does not take. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  readonly type = "SASL_AUTHENTICATION_FAILED";

  constructor(answer: string) {
    super(`the server refused the token: ${answer}`);
  }
}

/**
 * What a server that refuses a token says: it answers without an error, and with why (RFC 7628, section 3.2.2), and takes whatever comes next for
 * the end of the login. `undefined` where it took the token.
 */
export function tokenRefusal(answer: Uint8Array): TokenRefused | undefined {
  // Java's server says that it is content by nothing or by one byte.
  const text = Buffer.from(answer).toString("utf8");
  return text.trim().replaceAll("\u0001", "") === "" ? undefined : new TokenRefused(text.slice(0, 500));
}

/** Asks for a token. What goes wrong there may pass, unless it is said to be for good. */
export async function askForToken(provider: () => string | Promise<string>): Promise<string> {
  let token: unknown;
  try {
    token = await provider();
  } catch (cause) {
    if (BusError.is(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectionError(`native.oauthToken() failed: ${reason}`, { broker: "kafka", cause });
  }
  if (typeof token === "string" && token !== "") return token;
  throw new ConnectionError("native.oauthToken() gave no token: it must return or resolve to text", {
    broker: "kafka",
  });
}
