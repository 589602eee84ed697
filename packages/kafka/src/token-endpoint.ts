import { ConnectionError, RefusedError } from "@busbar/core/driver";

/** Where tokens are to be had, and who asks for them. */
export interface TokenEndpointOptions {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
  /** The bound on one question, in milliseconds. */
  readonly timeoutMs: number;
}

/** A token is used for this part of its life, so that it does not end on its way. */
const usedPart = 0.8;

/**
 * Gives tokens of an OAuth 2 server by client credentials (RFC 6749, section 4.4), each for as long as it is good. Rejects with a `RefusedError`
 * where the server does not know the client, else retryable. No error holds the secret or the answer.
 */
export function tokenEndpoint(options: TokenEndpointOptions): () => Promise<string> {
  let kept: { readonly token: Promise<string>; until: number } | undefined;
  return () => {
    if (kept !== undefined && Date.now() < kept.until) return kept.token;
    const asking = ask(options);
    const current = { token: asking.then(({ token }) => token), until: Number.POSITIVE_INFINITY };
    kept = current;
    asking.then(
      ({ forMs }) => {
        current.until = Date.now() + forMs * usedPart;
      },
      () => {
        current.until = 0;
      },
    );
    return current.token;
  };
}

async function ask({ url, clientId, clientSecret, scope, timeoutMs }: TokenEndpointOptions) {
  // As section 2.3.1 has it, each of them is encoded as in a form before they are joined.
  const who = [clientId, clientSecret].map((text) => new URLSearchParams([["", text]]).toString().slice(1)).join(":");
  const body = new URLSearchParams({ grant_type: "client_credentials", ...(scope === undefined ? {} : { scope }) });
  const headers = { authorization: `Basic ${Buffer.from(who).toString("base64")}`, accept: "application/json" };
  const signal = AbortSignal.timeout(timeoutMs);
  let answer: unknown;
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
    if (response.status === 400 || response.status === 401) throw refused(url, response.status);
    if (!response.ok) throw new Error(`it answered with status ${response.status}`);
    const text = await response.text();
    // What is wrong with JSON is said with a piece of it.
    answer = parsed(text);
    if (answer === undefined) throw new Error("its answer is no JSON");
  } catch (cause) {
    if (cause instanceof RefusedError) throw cause;
    throw failed(url, reasonOf(cause), cause);
  }
  const { access_token: token, expires_in: seconds = 0 } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof token !== "string" || token === "") throw failed(url, "there is no access_token in its answer", undefined);
  return { token, forMs: Number(seconds) > 0 ? Number(seconds) * 1_000 : 0 };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Without a query, which may hold a key. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function refused(url: string, status: number): RefusedError {
  return new RefusedError(
    `Asking for a token at ${shown(url)} failed: it does not know this client, or may not give it what native.tokenScope asks for (status ${status}).`,
    { broker: "kafka", code: "BUSBAR_AUTHENTICATION" },
  );
}

function failed(url: string, reason: string, cause: unknown): ConnectionError {
  return new ConnectionError(`Asking for a token at ${shown(url)} failed: ${reason}.`, { broker: "kafka", cause });
}

/** What `fetch` says is only that it failed; why stands in the cause. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown };
  return cause instanceof Error ? cause.message : String(cause);
}
