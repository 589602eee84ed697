/** The Redis that behaviour tests run against, `redis://…`; `undefined` where there is none, and then those tests are skipped. */
export const brokerUrl: string | undefined = process.env["BUSBAR_TEST_REDIS_URL"];

if (brokerUrl === undefined) {
  console.warn("Skipped: BUSBAR_TEST_REDIS_URL is not set, so there is no Redis to test against.");
}
