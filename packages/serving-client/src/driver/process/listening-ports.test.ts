import { expect, test } from "vitest";
import { parseListening } from "./listening-ports.ts";

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
