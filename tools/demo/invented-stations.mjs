import { linesOf } from "./csv-facts.mjs";

/** How many readings an invented station has. */
const days = 5;

/** Coprime to the number of readings of a real station, so that the invented ones begin on different days. */
const stride = 389;

/**
 * Adds stations to a CSV file of readings. The same text and count give the same stations: each is a few days of a real one, a
 * little warmer or colder. They report day by day, so that the readings of a station lie far apart.
 *
 * @param {string} csv
 * @param {number} count
 * @returns {string}
 */
export function withInventedStations(csv, count) {
  const [header = "", ...lines] = linesOf(csv);
  const models = byStation(lines);
  const invented = Array.from({ length: days }, (_, day) =>
    Array.from({ length: count }, (__, number) => {
      const model = models[number % models.length] ?? [];
      const row = model[((number * stride) % (model.length - days)) + day] ?? [];
      return `Station ${String(number + 1).padStart(4, "0")},${shifted(row, (number % 41) - 20).join(",")}`;
    }),
  ).flat();
  return [header, ...lines, ...invented].map((line) => `${line}\n`).join("");
}

/**
 * @param {readonly string[]} lines
 * @returns {string[][][]} the rows of each station, without its name
 */
function byStation(lines) {
  /** @type {Map<string, string[][]>} */
  const stations = new Map();
  for (const line of lines) {
    const [station = "", ...row] = line.split(",");
    const rows = stations.get(station);
    if (rows === undefined) {
      stations.set(station, [row]);
    } else {
      rows.push(row);
    }
  }
  return [...stations.values()];
}

/**
 * @param {readonly string[]} row date, precipitation, maximum, minimum, wind, weather
 * @param {number} tenths of a degree
 */
function shifted([date, precipitation, maximum, minimum, wind, weather], tenths) {
  // In whole tenths, because sums of fractions can end up as -0.0.
  const warmer = (/** @type {string | undefined} */ text) => ((Math.round(Number(text) * 10) + tenths) / 10).toFixed(1);
  return [date, precipitation, warmer(maximum), warmer(minimum), wind, weather];
}
