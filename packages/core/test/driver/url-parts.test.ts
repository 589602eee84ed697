import { describe, expect, it } from "vitest";
import { readHosts, readUser } from "../../src/driver/index.ts";

describe("the hosts of a URL", () => {
  it("may be several, each with a port of its own or the usual one", () => {
    expect(readHosts("one,two:2,[::1],[::2]:3", 9)).toEqual([
      { host: "one", hostname: "one", port: 9 },
      { host: "two", hostname: "two", port: 2 },
      { host: "[::1]", hostname: "::1", port: 9 },
      { host: "[::2]", hostname: "::2", port: 3 },
    ]);
  });

  it.each(["", "one,", "one:0", "one:65536", "one:x", "one:1:2", "::1", "a b", "[one]"])("are not %j", (hosts) => {
    expect(readHosts(hosts, 9)).toBeUndefined();
  });
});

describe("the user of a URL", () => {
  it.each([
    [undefined, {}],
    ["", {}],
    ["anna", { username: "anna" }],
    ["anna:", { username: "anna", password: "" }],
    [":secret", { username: "", password: "secret" }],
    ["an%40na:a%3Ab:c", { username: "an@na", password: "a:b:c" }],
  ])("%j is read as it is meant", (text, user) => {
    expect(readUser(text)).toEqual(user);
  });

  it("that is not percent-encoded properly is told apart", () => {
    expect(() => readUser("100%")).toThrow(URIError);
  });
});
