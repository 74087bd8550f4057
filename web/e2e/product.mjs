// The real binary as a child process: started, read for its address and one-time link, killed and started again.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The program under test: $CREATORFLOW_BIN, else bin/creatorflow of this tree. */
export function binary() {
  const path = process.env.CREATORFLOW_BIN ?? `${root}bin/creatorflow`;
  if (!existsSync(path)) throw new Error(`there is no ${path}; run make build, or set CREATORFLOW_BIN`);
  return path;
}

/**
 * Starts the program and waits for its address, and for its one-time link when it prints one.
 * Returns {origin, link, key, kill, stop, output}.
 */
export async function start(args, { needLink = true, seconds = 60 } = {}) {
  const child = spawn(binary(), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let wake = () => {};
  const hear = (bytes) => {
    output += bytes;
    wake();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  ended.then(() => wake());

  const find = (pattern) => pattern.exec(output)?.[0];
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const link = find(/https?:\/\/\S+\/setup\?token=[^\s"']+/);
    const origin = link ? new URL(link).origin : find(/https?:\/\/[^\s/"',]+/);
    if (origin && (link || !needLink)) {
      const key = find(/cf_[A-Za-z0-9_-]{8,}/);
      return {
        origin,
        link,
        key,
        output: () => output,
        /** Pulls the plug. */
        kill: () => (child.kill("SIGKILL"), ended),
        stop: () => (child.kill("SIGTERM"), ended),
      };
    }
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}:\n${output}`);
    const left = deadline - Date.now();
    if (left <= 0) {
      child.kill("SIGKILL");
      throw new Error(`no address and link after ${seconds} s:\n${output}`);
    }
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(left, 1000));
      wake = () => (clearTimeout(timer), resolve());
    });
  }
}

/** A hub that has nothing yet, in a folder of its own. `invite` gives a new one-time link. */
export async function startEmpty() {
  const data = mkdtempSync(join(tmpdir(), "creatorflow-new-"));
  const product = await start(["serve", "--data", data, "--listen", "127.0.0.1:0", "--poll", "3s"]);
  return {
    ...product,
    invite: async () => {
      const { stdout } = await promisify(execFile)(binary(), ["user", "link", "owner", "--data", data, "--address", product.origin]);
      return /https?:\/\/\S+/.exec(stdout)[0];
    },
    stop: () => product.stop().then(() => rmSync(data, { recursive: true, force: true })),
  };
}
