import { tickLedgerConformance } from "./tick-ledger.conformance.ts";
import { MemoryTickLedger } from "./tick-ledger.ts";

tickLedgerConformance("memory tick ledger", async () => new MemoryTickLedger());
