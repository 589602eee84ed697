import { builtNats } from "../built-nats.mjs";

/** The first line of servers whose messages may have a life of their own. */
export const nats211 = builtNats({ name: "nats-2.11", version: "2.11.17", needs: "1.26.8" });

/** The first line of servers that hold messages back. */
export const nats212 = builtNats({ name: "nats-2.12", version: "2.12.15", needs: "1.26.8" });
