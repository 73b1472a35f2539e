import { ManualClock } from "@rouse/base";
import { MemoryRegister } from "./memory-register.ts";
import { registerConformance } from "./register.conformance.ts";

registerConformance("memory register", async () => new MemoryRegister({ clock: new ManualClock() }));
