import { brokerUrlOf } from "../../../integration/support/broker-url.ts";

/** Its name in `npm run brokers`; a suite that needs a server of its own starts one of the same kind. */
export const serverKind: string = process.env["BUSBAR_TEST_KAFKA_KIND"] ?? "kafka";

/** The Kafka that behaviour tests run against; `undefined` where there is none. */
export const brokerUrl: string | undefined = brokerUrlOf("BUSBAR_TEST_KAFKA_URL", "Kafka");
