import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { GroupPorts, parseListening, parseLsof, parseSockets } from "./listening-ports.ts";

test("listening ports: takes the sockets in state LISTEN of a table, whatever the address family", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0",
    "   1: 0100007F:A112 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0",
    "   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 4713 1 0",
    "",
  ].join("\n");
  expect([...parseListening(table)]).toEqual([
    ["4711", 3000],
    ["4713", 8080],
  ]);
});

test("listening ports: tells the address of a socket, in both families", () => {
  const row = (address: string, inode: number) => `0: ${address}:0050 0:0 0A 0:0 00:0 0 1000 0 ${inode} 1 0`;
  const table = [
    "header",
    row("0100007F", 1),
    row("00000000", 2),
    row("0702A8C0", 3),
    row("00000000000000000000000001000000", 4),
    row("00000000000000000000000000000000", 5),
    row("0000000000000000FFFF00000702A8C0", 6),
    row("B80D0120000000000000000001000000", 7),
  ].join("\n");
  expect([...parseSockets(table).values()].map(({ host }) => host)).toEqual([
    "127.0.0.1",
    "0.0.0.0",
    "192.168.2.7",
    "::1",
    "::",
    "192.168.2.7",
    "2001:db8:0:0:0:0:0:1",
  ]);
});

test("listening ports: understands what lsof prints", () => {
  expect(parseLsof("p4711\nf12\nn127.0.0.1:3000\nf13\nn*:8080\nf14\nn[::1]:9090\n")).toEqual([
    { host: "127.0.0.1", port: 3000 },
    { host: "0.0.0.0", port: 8080 },
    { host: "::1", port: 9090 },
  ]);
});

test.runIf(process.platform === "linux")(
  "listening ports: sees ports that a group and its children begin to listen on, look for look",
  async () => {
    const script = `
      const listen = (host) => require("net").createServer().listen(0, host, function () { console.log(this.address().port) });
      listen("127.0.0.1");
      process.stdin.on("data", () => require("child_process").spawn(process.execPath, ["-e", "(" + listen + ")('127.0.0.2')"], { stdio: "inherit" }));`;
    const child = spawn(process.execPath, ["-e", script], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
    const line = async () => Number(String((await once(child.stdout, "data"))[0]));
    const ports = new GroupPorts(child.pid ?? 0);
    const first = await line();
    expect(await ports.look()).toEqual([first]);
    expect(await ports.look()).toEqual([first]);
    child.stdin.write("more");
    const second = await line();
    expect(await ports.look()).toEqual([first, second].sort((a, b) => a - b));
    expect([ports.hostOf(first), ports.hostOf(second)]).toEqual(["127.0.0.1", "127.0.0.2"]);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await once(child, "exit");
  },
);
