import { connect } from "@busbar/core";

const bus = await connect(); // BUSBAR_CONFIG, BUSBAR_URL, ./busbar.yaml, else in memory

// Acknowledged once it returns, retried when it throws, dead-lettered when no attempt helps.
await bus.subscribe("sensor.*.temperature", { group: "saver", concurrency: 8 }, async (reading, message) => {
  await save(message.id, reading);
});
await bus.publish("sensor.kitchen.temperature", { celsius: 21.5 }, { key: "kitchen" });

// At the end: running handlers finish, acknowledgements are written, what is left waits for the next start.
process.once("SIGTERM", () => void bus.close());

import { save } from "./store.ts";
export { bus };
