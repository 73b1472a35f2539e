import type { HookPreset } from "../definition.ts";
import type { Preset } from "../preset.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { hmac } from "./hmac.ts";
import { none } from "./none.ts";
import { slack } from "./slack.ts";
import { stripe } from "./stripe.ts";

/** Every preset by its name in a definition. */
export const presets: Readonly<Record<HookPreset, Preset>> = { github, gitlab, stripe, slack, hmac, none };
