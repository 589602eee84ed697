import { connect, topic } from "@busbar/core";
import { z } from "zod";
import { save } from "./store.ts";

const bus = await connect();
const Temperature = z.object({ celsius: z.number(), sensorId: z.string() });
const log = (room: string, celsius: number): Promise<void> => save(room, { room, celsius });

const temperature = topic("sensor.{room}.temperature", { schema: Temperature, key: (t) => t.sensorId });

await bus.subscribe(temperature, async (t, { params }) => log(params.room, t.celsius)); // both typed, no cast
await bus.publish(temperature, { celsius: 21.5, sensorId: "k1" }, { params: { room: "living room" } });

export { bus };
