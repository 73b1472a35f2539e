// npm run build: dependencies and the built packages.
import { prepare } from "./prepare.mjs";

await prepare();
