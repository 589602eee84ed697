import { suitesOnKafka4 } from "./suites-on-kafka4.ts";

// What groups, transactions and the log promise: Kafka 4 has other programs for the first two, and has dropped the older requests of all three.
await suitesOnKafka4([
  () => import("./groups.test.ts"),
  () => import("./replay.test.ts"),
  () => import("./transactions.test.ts"),
  () => import("./wildcards.test.ts"),
]);
