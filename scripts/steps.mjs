// How the root scripts run things: a command with its output shown, or kept and shown only on failure.
import { spawn, spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Path of a tool that npm installed. */
export const tool = (name) => join(root, "node_modules", ".bin", name);

/** Runs a command with the terminal's own streams; resolves to its exit code (128 + n for a signal). */
export function run(command, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options });
    child.once("error", fail);
    child.once("exit", (code, signal) => done(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

/** Runs a command quietly; its output comes back and is nobody's noise. */
export function quietly(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20, ...options });
  return {
    ok: result.status === 0,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ? String(result.error.message) : ""}`,
    stdout: result.stdout ?? "",
  };
}

/** Milliseconds as people read them. */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
