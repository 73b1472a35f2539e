// Downloads Debian packages without installing them and without root.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { quietly } from "./steps.mjs";

/** Paths of the packages, downloaded to a folder; none when they cannot be had. */
export function downloadDebs(names, folder) {
  // Package lists of our own where the system's are missing or old.
  const lists = join(folder, "apt");
  mkdirSync(join(lists, "lists", "partial"), { recursive: true });
  mkdirSync(join(lists, "cache", "archives", "partial"), { recursive: true });
  const own = ["-o", `Dir::State::lists=${join(lists, "lists")}`, "-o", `Dir::Cache=${join(lists, "cache")}`];
  own.push("-o", "APT::Sandbox::User=");
  const download = (options) =>
    quietly("apt-get", [...options, "download", ...names], { cwd: folder, timeout: 300_000 }).ok;
  if (!download([])) {
    if (!quietly("apt-get", [...own, "update"], { cwd: folder, timeout: 90_000 }).ok || !download(own)) return [];
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith(".deb"))
    .map((name) => join(folder, name));
}
