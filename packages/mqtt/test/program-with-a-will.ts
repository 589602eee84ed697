import { mqtt } from "@busbar/mqtt";

/** A program of its own that leaves a last will, says when it is there, and goes on. Its arguments say where. */
const [url = "", version, topic = ""] = process.argv.slice(2);
const native = {
  protocolVersion: version === "4" ? 4 : 5,
  keepaliveSeconds: 3,
  will: { topic, payload: "lost" },
} as const;
await mqtt({ url, native }).open();
console.log("ready");
