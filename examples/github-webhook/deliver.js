// Sends what GitHub would send, signed as GitHub signs: node deliver.js URL [EVENT]
import { createHmac, randomUUID } from "node:crypto";

const [url, event = "pull_request"] = process.argv.slice(2);
const secret = process.env.GITHUB_WEBHOOK_SECRET ?? "only-for-this-example";
const body = JSON.stringify({
  ...(event === "pull_request" ? { action: "opened", pull_request: { number: 7, title: "Add a lamp" } } : {}),
  repository: { full_name: "octo/lamps", html_url: "https://github.com/octo/lamps" },
});
const response = await fetch(url, {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "x-github-event": event,
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  },
  body,
});
console.log(`${event}: ${response.status} ${response.headers.get("rouse-event") ?? (await response.text())}`);
if (!response.ok) process.exitCode = 1;
