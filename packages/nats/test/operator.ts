import { nkeys } from "@nats-io/nats-core";

type Key = ReturnType<typeof nkeys.createUser>;

/** An operator of a test's own with one account, as `nsc` makes them: what a server trusts, and credentials for its users. */
export class Operator {
  readonly #operator = nkeys.createOperator();
  readonly #account = nkeys.createAccount();

  /** The server's settings. */
  get settings(): Record<string, unknown> {
    const [account, system] = [this.#account.getPublicKey(), nkeys.createAccount().getPublicKey()];
    const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
    const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const sealed = (subject: string, allowed: object): string =>
      signed(this.#operator, subject, {
        type: "account",
        limits: allowed,
        default_permissions: { pub: {}, sub: {} },
      });
    return {
      operator: signed(this.#operator, this.#operator.getPublicKey(), { type: "operator" }),
      // Without one there is no JetStream.
      system_account: system,
      resolver: "MEMORY",
      resolver_preload: { [account]: sealed(account, { ...limits, ...jetStream }), [system]: sealed(system, limits) },
    };
  }

  /** Credentials of a new user, which end after so many seconds. */
  credentials(seconds?: number): string {
    const user = nkeys.createUser();
    const claims = { type: "user", pub: {}, sub: {}, subs: -1, data: -1, payload: -1 };
    const jwt = signed(this.#account, user.getPublicKey(), claims, seconds);
    const seed = new TextDecoder().decode(user.getSeed());
    const framed = (name: string, text: string): string =>
      `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
    return `${framed("NATS USER JWT", jwt)}\n${framed("USER NKEY SEED", seed)}`;
  }
}

/** A JWT as nats-server reads it (github.com/nats-io/jwt, version 2). */
function signed(issuer: Key, subject: string, nats: object, seconds?: number): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    jti: `${subject}-${now}`,
    iat: now,
    ...(seconds === undefined ? {} : { exp: now + seconds }),
    iss: issuer.getPublicKey(),
    sub: subject,
    name: "test",
    nats: { ...nats, version: 2 },
  };
  const text = [{ typ: "JWT", alg: "ed25519-nkey" }, claims].map((part) => base64(JSON.stringify(part))).join(".");
  return `${text}.${base64(issuer.sign(new TextEncoder().encode(text)))}`;
}

function base64(data: string | Uint8Array): string {
  return Buffer.from(data).toString("base64url");
}
