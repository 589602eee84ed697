import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "@nats-io/nats-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canStart, errorOf, newBroker, openBroker, ownServer, record, statusOf } from "./fixtures.ts";
import { Operator } from "./operator.ts";
import type { NatsOptions } from "../src/index.ts";

// Not before a test is run: where none is, nothing is tidied up either.
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "busbar-nats-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const refused = { code: "BUSBAR_AUTHENTICATION", retryable: false };

/** Holds where the server takes the one and refuses the other, for good and without saying what it was given. */
async function expectOnly(url: string, right: Partial<NatsOptions>, wrong: Partial<NatsOptions>): Promise<void> {
  const broker = await openBroker({ url, ...right });
  await broker.publish(record("a.b"));
  for (const options of [wrong, {}]) {
    const error = await errorOf(newBroker({ url, ...options }).open());
    expect(error).toMatchObject(refused);
    for (const secret of [options.credentials?.password, options.credentials?.token, options.native?.nkeySeed])
      if (secret !== undefined) expect(String(error)).not.toContain(secret);
  }
}

function seedOf(key: ReturnType<typeof nkeys.createUser>): string {
  return new TextDecoder().decode(key.getSeed());
}

describe.skipIf(!canStart)("a server that wants to know who comes", () => {
  it("takes a user with its password and no other", async () => {
    const { url } = await ownServer({ authorization: { users: [{ user: "cook", password: "salt" }] } });
    const wrong = { credentials: { username: "cook", password: "pepper" } };
    await expectOnly(url, { credentials: { username: "cook", password: "salt" } }, wrong);
    await openBroker({ url: url.replace("//", "//cook:salt@") });
  });

  it("takes its token and no other", async () => {
    const { url } = await ownServer({ authorization: { token: "t0ken" } });
    await expectOnly(url, { credentials: { token: "t0ken" } }, { credentials: { token: "other" } });
    await openBroker({ url: url.replace("//", "//t0ken@") });
  });

  it("takes an nkey that it knows and no other", async () => {
    const [known, other] = [nkeys.createUser(), nkeys.createUser()];
    const { url } = await ownServer({ authorization: { users: [{ nkey: known.getPublicKey() }] } });
    await expectOnly(url, { native: { nkeySeed: seedOf(known) } }, { native: { nkeySeed: seedOf(other) } });
  });

  it("takes credentials of its operator's and no other, as text and as a file", async () => {
    const operator = new Operator();
    const { url } = await ownServer(operator.settings);
    await expectOnly(
      url,
      { native: { creds: operator.credentials() } },
      { native: { creds: new Operator().credentials() } },
    );
    const credsFile = join(folder, "user.creds");
    writeFileSync(credsFile, operator.credentials());
    await (await openBroker({ url, native: { credsFile } })).publish(record("a.b"));
    const gone = await errorOf(newBroker({ url, native: { credsFile: join(folder, "gone.creds") } }).open());
    expect(gone).toMatchObject(refused);
    writeFileSync(join(folder, "empty.creds"), "");
    const empty = await errorOf(newBroker({ url, native: { credsFile: join(folder, "empty.creds") } }).open());
    expect(empty).toMatchObject(refused);
  });

  it("is shown the newest credentials where those before have ended", async () => {
    const operator = new Operator();
    const { url } = await ownServer(operator.settings);
    const credsFile = join(folder, "short.creds");
    writeFileSync(credsFile, operator.credentials(2));
    const broker = await openBroker({ url, native: { credsFile } });
    writeFileSync(credsFile, operator.credentials());
    await statusOf(broker, "disconnected");
    await expect.poll(() => broker.told.at(-1)?.type, { timeout: 20_000 }).toBe("connected");
    await broker.publish(record("a.b"));
  });

  it("ends it for good where credentials have ended and there are none after them", async () => {
    const operator = new Operator();
    const { url } = await ownServer(operator.settings);
    const broker = await openBroker({ url, native: { creds: operator.credentials(2) } });
    const { error } = await statusOf(broker, "fatal");
    expect(error).toMatchObject(refused);
  });
});
