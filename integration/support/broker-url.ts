/** Where the broker is that tests run against, from a variable; `undefined`, with a printed reason, where there is none, and then those tests are skipped. */
export function brokerUrlOf(variable: string, broker: string): string | undefined {
  const url = process.env[variable] || undefined;
  if (url === undefined) console.warn(`Skipped: ${variable} is not set, so there is no ${broker} to test against.`);
  return url;
}
