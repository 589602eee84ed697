import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tokenEndpoint } from "../../src/token-endpoint.ts";
import { rejection } from "../fixtures.ts";

type Asked = { readonly authorization: string | undefined; readonly body: string };

describe("tokens of an OAuth 2 server", () => {
  let server: Server;
  let url: string;
  let asked: Asked[];
  let answer: (response: ServerResponse) => void;

  beforeEach(async () => {
    asked = [];
    answer = give({ access_token: "t", expires_in: 3_600 });
    server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        asked.push({ authorization: request.headers.authorization, body });
        answer(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const give =
    (body: unknown, status = 200) =>
    (response: ServerResponse): void =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const source = (more: { readonly scope?: string; readonly timeoutMs?: number; readonly url?: string } = {}) =>
    tokenEndpoint({ url, clientId: "me:2", clientSecret: "s3 cret", scope: undefined, timeoutMs: 5_000, ...more });

  it("are asked for as a client says who it is, and once while they are good", async () => {
    const token = source({ scope: "kafka read" });
    expect(await Promise.all([token(), token()])).toEqual(["t", "t"]);
    expect(await token()).toBe("t");
    const basic = Buffer.from("me%3A2:s3+cret").toString("base64");
    expect(asked).toEqual([
      { authorization: `Basic ${basic}`, body: "grant_type=client_credentials&scope=kafka+read" },
    ]);
  });

  it.each([
    ["does not say how long it is good", { access_token: "t" }],
    ["is good for no time", { access_token: "t", expires_in: -1 }],
  ])("are asked for every time where one %s", async (_, body) => {
    answer = give(body);
    const token = source();
    await token();
    await token();
    expect(asked).toHaveLength(2);
  });

  it.each([400, 401])("are refused for good to a client that is not known (%i)", async (status) => {
    answer = give({ error: "invalid_client" }, status);
    const error = await rejection(source()());
    expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
    expect(JSON.stringify([String(error), error])).not.toMatch(/s3|c3/);
  });

  it("may be there the next time where something else is wrong", async () => {
    const token = source({ timeoutMs: 200 });
    const passing = { code: "BUSBAR_CONNECTION", retryable: true };
    for (const wrong of [give({}, 503), give({}), give(null), give({ access_token: 7 }), () => {}]) {
      answer = wrong;
      expect(await rejection(token())).toMatchObject(passing);
    }
    expect(await rejection(source({ url: "http://127.0.0.1:1/token" })())).toMatchObject(passing);
    answer = give({ access_token: "at last", expires_in: 60 });
    expect(await token()).toBe("at last");
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
