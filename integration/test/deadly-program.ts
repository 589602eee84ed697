import { connect } from "@busbar/core";
import type { BusConfig } from "@busbar/core";

/** A program of its own that a message with the text "deadly" ends in the middle of its handler. Its argument says where. */
const { config, topic, group } = JSON.parse(process.argv[2] ?? "") as {
  readonly config: BusConfig;
  readonly topic: string;
  readonly group: string;
};

const logger = { info: () => undefined, warn: () => undefined, error: console.error };
const bus = await connect({ ...config, logger });
// One message at a time: what was taken beside the deadly one would be counted as often.
await bus.subscribe(topic, { group, maxDeliveries: 2, maxInFlight: 1 }, (text) => {
  console.log(text);
  if (text === "deadly") process.kill(process.pid, "SIGKILL");
});
