import { cases } from "./cases.ts";
import { rowOf, tableOf } from "./table.ts";

process.stdout.write(`${tableOf(Object.values(cases).map(rowOf))}\n`);
