import { topic } from "@busbar/core";
import { Alert } from "./alert.ts";
import { Reading } from "./reading.ts";
import { stationSlug } from "./station-slug.ts";

/** Every reading of every station; those of one station are handled in the order in which they were published. */
export const readings = topic("weather.{station}.reading", {
  schema: Reading,
  key: (reading) => stationSlug(reading.station),
});

/** Every alert, such as `alert.new-york.frost`. */
export const alerts = topic("alert.{station}.{kind}", {
  schema: Alert,
  key: (alert) => stationSlug(alert.station),
});
