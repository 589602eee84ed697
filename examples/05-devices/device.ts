import { connect } from "@busbar/core";

// One device: says that it is here, keeps its last reading at the broker, and leaves a last will that says it is gone.
const id = process.argv[2] ?? "kettle";
const bus = await connect({
  service: `device-${id}`,
  instance: "one",
  brokers: {
    main: {
      url: process.env["BUSBAR_URL"] ?? "mqtt://127.0.0.1:1883",
      native: { will: { topic: `device.${id}.presence`, payload: "gone", retain: true } },
    },
  },
});
await bus.publish(`device.${id}.presence`, "here", { retain: true });
await bus.publish(`device.${id}.celsius`, 96, { retain: true });
process.send?.("ready");
process.on("SIGTERM", () => {
  // A device that is switched off says so itself, and its will is not needed.
  void bus
    .publish(`device.${id}.presence`, "off", { retain: true })
    .then(() => bus.close())
    .then(() => process.exit());
});
