// Runs a vitest project and counts what it did, so that several suites end in one line.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, tool } from "./steps.mjs";

/** Nothing ran yet. */
export const none = { passed: 0, failed: 0, skipped: 0 };

/** Sums two counts. */
export const plus = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** The closing line. */
export const line = (counts) => `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;

/** Runs the tests of one project; a suite that could not even be loaded counts as one failure. */
export async function runProject(project, more = []) {
  const folder = mkdtempSync(join(tmpdir(), "rouse-test-"));
  const report = join(folder, "report.json");
  try {
    const code = await run(process.execPath, [
      tool("vitest"),
      "run",
      "--project",
      project,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...more,
    ]);
    if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
    const seen = JSON.parse(readFileSync(report, "utf8"));
    const failed = seen.numFailedTests || (code === 0 ? 0 : 1);
    return { passed: seen.numPassedTests, failed, skipped: seen.numPendingTests + seen.numTodoTests };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One thing that either holds or does not, beside the test files. */
export const single = (ok) => (ok ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });
