import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@busbar/core";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leaveOut } from "../../integration/support/leave-out.ts";
import { quietArguments, provideChromium } from "../../tools/browser/provide-chromium.mjs";
import { bundle } from "../04-browser/bundle.ts";
import { serve } from "../04-browser/serve.ts";

const brokerUrl = process.env["BUSBAR_TEST_MOSQUITTO_URL"] || undefined;
const webSocketUrl = process.env["BUSBAR_TEST_MOSQUITTO_WS_URL"] || undefined;
const program =
  webSocketUrl === undefined
    ? { skipped: "there is no mosquitto with WebSockets" }
    : await provideChromium(console.log);
if ("skipped" in program) leaveOut(`the page in a browser, for ${program.skipped}.`);

describe.skipIf("skipped" in program)("the page of live readings", () => {
  let folder: string | undefined;
  let site: Awaited<ReturnType<typeof serve>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-browser-"));
    site = await serve(await bundle(folder, ["@busbar/source"]));
    browser = await chromium.launch({
      executablePath: "path" in program ? program.path : "",
      args: [...quietArguments],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it("shows what a service publishes, and tells the service what its reader wants", async () => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("console", (message) => void (message.type() === "error" && problems.push(message.text())));
    await page.goto(`${site.url}?broker=${encodeURIComponent(webSocketUrl ?? "")}`);
    await page.getByText("connected to").waitFor();

    const bus = await connect({ service: "example", instance: "browser-test", brokers: { main: brokerUrl ?? "" } });
    const wanted: unknown[] = [];
    let heard = (): void => undefined;
    const isHeard = new Promise<void>((resolve) => (heard = resolve));
    await bus.subscribe("thermostat.kitchen", (target) => {
      wanted.push(target);
      heard();
    });
    await bus.publish("sensor.kitchen.temperature", { celsius: 21.5 });
    await page.locator('[data-room="kitchen"]').getByText("21.5").waitFor();

    await page.getByLabel("Set the kitchen to").fill("23.5");
    await page.getByRole("button").click();
    await isHeard;
    expect(wanted).toEqual([{ celsius: 23.5 }]);
    await bus.close();
    expect(problems).toEqual([]);
  });

  it("says that a browser does not reach a broker but by WebSocket", async () => {
    const page = await browser.newPage();
    const problem = page.waitForEvent("pageerror");
    await page.goto(`${site.url}?broker=${encodeURIComponent(brokerUrl ?? "")}`);
    await expect(problem).resolves.toMatchObject({ message: expect.stringContaining('no "mqtt:"') as string });
  });
});
