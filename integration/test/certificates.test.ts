import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { adapter as amqp } from "@busbar/amqp";
import { memory } from "@busbar/core";
import type { Broker } from "@busbar/core/contract";
import { adapter as kafka } from "@busbar/kafka";
import { adapter as mqtt } from "@busbar/mqtt";
import { adapter as nats } from "@busbar/nats";
import { adapter as redis } from "@busbar/redis";
import { describe, expect, it } from "vitest";
import { certified } from "../../tools/matrix/certificates.mjs";

/** The adapter behind each page that shows certificates. */
const adapters: Readonly<Record<string, Pick<Broker, "declared">>> = {
  memory: memory({ url: "memory://certificates" }),
  mqtt,
  amqp,
  kafka,
  nats,
  redis,
};

describe("the certificate of", () => {
  for (const { name, page } of certified)
    it(`${name} is about the capabilities that the adapter declares`, async () => {
      const file = new URL(`../../docs/certificates/${name}.json`, import.meta.url);
      const certificate = JSON.parse(await readFile(file, "utf8")) as { readonly declared: unknown };
      expect(certificate.declared, `run npm test with BUSBAR_TEST_CERTIFICATES, then npm run matrix`).toEqual(
        adapters[basename(page, ".md")]?.declared,
      );
    });
});
