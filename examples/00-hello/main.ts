import { connect } from "@busbar/core";

const bus = await connect();
let finish = (): void => {};
const heard = new Promise<void>((resolve) => (finish = resolve));

await bus.subscribe<{ text: string }>("greeting.*", ({ text }, message) => {
  console.log(`${message.topic}: ${text}`);
  finish();
});

await bus.publish("greeting.english", { text: "Hello, world" });
await heard;
await bus.close();
