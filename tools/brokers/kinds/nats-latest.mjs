import { builtNats } from "../built-nats.mjs";

/** A nats-server of today. */
export const natsLatest = builtNats({ name: "nats-latest", version: "2.15.3", needs: "1.26.8" });
