import { suitesOnKafka4 } from "./suites-on-kafka4.ts";

// Everything else that is promised with a Kafka; `npm test` leaves it out.
await suitesOnKafka4([
  () => import("./both-clients.test.ts"),
  () => import("./closing.test.ts"),
  () => import("./credit.test.ts"),
  () => import("./cuts.test.ts"),
  () => import("./dead-letters.test.ts"),
  () => import("./foreign-clients.test.ts"),
  () => import("./idempotence.test.ts"),
  () => import("./java-client.test.ts"),
  () => import("./places.test.ts"),
  () => import("./publishing.test.ts"),
  () => import("./restart.test.ts"),
]);
