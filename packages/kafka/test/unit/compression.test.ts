import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codecOf, compressionCodes, firstInstalled } from "../../src/compression.ts";
import { rejection } from "../fixtures.ts";

const { gzip, snappy, lz4, zstd } = compressionCodes;
const bytes = fc.uint8Array({ maxLength: 2_000 }).map((array) => Buffer.from(array));

describe("what is compressed", () => {
  it.each([gzip, snappy, lz4, zstd])("by %i is the same when it is whole again", async (code) => {
    const codec = await codecOf(code);
    await fc.assert(
      fc.asyncProperty(bytes, async (original) => {
        const copy = Buffer.from(original);
        expect(codec.decompress(await codec.compress(copy)).equals(original)).toBe(true);
        expect(copy.equals(original)).toBe(true);
      }),
    );
  });

  it("by snappy may stand in blocks, as Java writes it", async () => {
    const codec = await codecOf(snappy);
    const block = async (text: string): Promise<Buffer> => {
      const packed = await codec.compress(Buffer.from(text));
      const size = Buffer.alloc(4);
      size.writeInt32BE(packed.length);
      return Buffer.concat([size, packed]);
    };
    const header = Buffer.from("82534e41505059000000000100000001", "hex");
    const framed = Buffer.concat([header, await block("one "), await block("and two")]);
    expect(codec.decompress(framed).toString()).toBe("one and two");
    expect(codec.decompress(header)).toHaveLength(0);
  });

  it("needs a package, and says which where none is installed", async () => {
    const missing = () => Promise.reject(Object.assign(new Error("missing"), { code: "ERR_MODULE_NOT_FOUND" }));
    await expect(firstInstalled("lz4", [missing, () => Promise.resolve("found")])).resolves.toBe("found");
    const error = await rejection(firstInstalled("zstd", [missing]));
    expect(error).toMatchObject({ code: "BUSBAR_CONFIG", retryable: false });
    expect(error.message).toContain("npm install @hpcc-js/wasm-zstd");
    const broken = () => Promise.reject(new Error("broken"));
    await expect(firstInstalled("lz4", [broken, missing])).rejects.toThrow("broken");
  });

  it("in a way that nobody knows is an error that says so", async () => {
    await expect(codecOf(7)).rejects.toMatchObject({ code: "BUSBAR_CONFIG", retryable: false });
  });
});
