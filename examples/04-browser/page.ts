/// <reference lib="dom" />
import { connect } from "@busbar/core";
import { adapter } from "@busbar/mqtt";

interface Reading {
  readonly celsius: number;
}

const element = (id: string): HTMLElement => document.getElementById(id) ?? document.body;

// The page's address says where the broker is: ?broker=ws://127.0.0.1:9001/mqtt
const url = new URLSearchParams(location.search).get("broker") ?? `ws://${location.hostname}:9001/mqtt`;

// A bundle holds its adapter, so it is given and not looked for.
const bus = await connect({ service: "dashboard", brokers: { main: { url, adapter } } });

// No group: every page that is open gets every reading.
await bus.subscribe<Reading>("sensor.{room}.temperature", ({ celsius }, { params, timestamp }) => {
  const room = params["room"] ?? "";
  const row = document.querySelector(`[data-room="${CSS.escape(room)}"]`) ?? element("rooms").appendChild(rowOf(room));
  const [, temperature, time] = row.children;
  if (temperature !== undefined) temperature.textContent = celsius.toFixed(1);
  if (time !== undefined) time.textContent = new Date(timestamp).toLocaleTimeString();
});
element("state").textContent = `connected to ${url}`;

element("target").addEventListener("submit", (event) => {
  event.preventDefault();
  const celsius = Number(new FormData(event.target as HTMLFormElement).get("celsius"));
  void bus.publish("thermostat.kitchen", { celsius });
});

function rowOf(room: string): HTMLElement {
  const row = document.createElement("tr");
  row.dataset["room"] = room;
  row.innerHTML = "<td></td><td></td><td></td>";
  row.children[0]?.append(room);
  return row;
}
