import { z } from "zod";
import type { Reading } from "./reading.ts";

/** The lowest temperature, in degrees Celsius, at which there is no frost yet. */
const freezing = 0;

/** The mean wind of a day, in metres per second, from which on it counts as a storm. */
const stormy = 10;

/** A day on which people should be warned. `value` is degrees Celsius for frost, metres per second for a storm. */
export const Alert = z.strictObject({
  kind: z.enum(["frost", "storm"]),
  station: z.string().min(1),
  date: z.iso.date(),
  value: z.number(),
});

/** An alert that fits the schema. */
export type Alert = z.infer<typeof Alert>;

/** The alerts that a reading calls for: none, one, or both. */
export function alertsFor({ station, date, temperatureMin, wind }: Reading): Alert[] {
  const alerts: Alert[] = [];
  if (temperatureMin < freezing) alerts.push({ kind: "frost", station, date, value: temperatureMin });
  if (wind >= stormy) alerts.push({ kind: "storm", station, date, value: wind });
  return alerts;
}
