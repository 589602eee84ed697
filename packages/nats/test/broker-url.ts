/** The nats-server that behaviour tests run against, `nats://…`; `undefined` where there is none, and then those tests are skipped. */
export const brokerUrl: string | undefined = process.env["BUSBAR_TEST_NATS_URL"];

if (brokerUrl === undefined) {
  console.warn("Skipped: BUSBAR_TEST_NATS_URL is not set, so there is no nats-server to test against.");
}
