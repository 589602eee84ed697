import { z } from "zod";
import { stationSlug } from "./station-slug.ts";

/** What a weather station measured on one day. Lengths in millimetres, temperatures in degrees Celsius, wind in metres per second. */
export const Reading = z.strictObject({
  station: z.string().min(1),
  date: z.iso.date(),
  precipitation: z.number().nonnegative(),
  temperatureMax: z.number(),
  temperatureMin: z.number(),
  wind: z.number().nonnegative(),
  weather: z.enum(["drizzle", "fog", "rain", "snow", "sun"]),
});

/** A reading that fits the schema. */
export type Reading = z.infer<typeof Reading>;

/** The same text for the same station and day, for ever: a reading that is published twice is still one reading. */
export function readingId({ station, date }: Reading): string {
  return `${stationSlug(station)}-${date}`;
}
