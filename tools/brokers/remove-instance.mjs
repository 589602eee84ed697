// Run by the guard of a private instance, when the process that owned it is gone.
import { removeInstance } from "./instance-record.mjs";

const [folder] = process.argv.slice(2);
if (folder !== undefined) {
  await removeInstance(folder, { signal: "SIGKILL" });
}
