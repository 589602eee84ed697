import { brokerUrlOf } from "../../../integration/support/broker-url.ts";

/** The RabbitMQ that behaviour tests run against; `undefined` where there is none. */
export const brokerUrl: string | undefined = brokerUrlOf("BUSBAR_TEST_RABBITMQ_URL", "RabbitMQ");
