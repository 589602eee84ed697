/** The Kafka to test against, from `BUSBAR_TEST_KAFKA_URL`; `undefined`, with a printed reason, where there is none. */
export const brokerUrl: string | undefined = process.env["BUSBAR_TEST_KAFKA_URL"] || undefined;

if (brokerUrl === undefined) process.stdout.write("Kafka tests are skipped: BUSBAR_TEST_KAFKA_URL is not set\n");
