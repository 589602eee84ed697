import { Reading } from "./reading.ts";

/** The first line of a file of readings. */
export const header = "location,date,precipitation,temp_max,temp_min,wind,weather";

/** The reading in one line of a CSV file. Throws what does not fit, with the reason. */
export function fromLine(line: string): Reading {
  const [station, date, precipitation, temperatureMax, temperatureMin, wind, weather] = line.split(",");
  return Reading.parse({
    station,
    date,
    precipitation: Number(precipitation),
    temperatureMax: Number(temperatureMax),
    temperatureMin: Number(temperatureMin),
    wind: Number(wind),
    weather,
  });
}

/** The line of a reading: the inverse of `fromLine`, to the last character. */
export function toLine(reading: Reading): string {
  const { station, date, precipitation, temperatureMax, temperatureMin, wind, weather } = reading;
  const measured = [precipitation, temperatureMax, temperatureMin, wind].map((value) => value.toFixed(1));
  return [station, date, ...measured, weather].join(",");
}
