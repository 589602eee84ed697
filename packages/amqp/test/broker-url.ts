/** The RabbitMQ that behaviour tests run against, `amqp://…`; `undefined` where there is none, and then those tests are skipped. */
export const brokerUrl: string | undefined = process.env["BUSBAR_TEST_RABBITMQ_URL"];

if (brokerUrl === undefined) {
  console.warn("Skipped: BUSBAR_TEST_RABBITMQ_URL is not set, so there is no RabbitMQ to test against.");
}
