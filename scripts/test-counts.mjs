// Runs a vitest project and counts what it did, so that several suites end in one line.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root, run, tool } from "./steps.mjs";

/** Nothing ran yet. */
export const none = { passed: 0, failed: 0, skipped: 0, failures: [] };

/** Sums two counts. */
export const plus = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  failures: [...(a.failures ?? []), ...(b.failures ?? [])],
});

/** The closing line. */
export const line = (counts) => `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;

/** What failed, with the first lines of why: printed last, where a cut log still shows it. */
export const failuresText = (counts) => (counts.failures ?? []).map((failure) => `FAILED ${failure}\n`).join("");

function failuresIn(report) {
  return report.testResults.flatMap((file) => {
    const name = relative(root, file.name);
    const tests = file.assertionResults.filter((test) => test.status === "failed");
    if (tests.length === 0 && file.status === "failed") return [`${name}: ${firstLines(file.message)}`];
    return tests.map((test) => `${name} > ${test.fullName}\n${firstLines(test.failureMessages.join("\n"))}`);
  });
}

function firstLines(message) {
  return (message ?? "").split("\n").slice(0, 12).join("\n").slice(0, 2000);
}

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
    if (!existsSync(report))
      return { passed: 0, failed: 1, skipped: 0, failures: [`${project}: no report (exit ${code})`] };
    const seen = JSON.parse(readFileSync(report, "utf8"));
    const failed = seen.numFailedTests || (code === 0 ? 0 : 1);
    const skipped = seen.numPendingTests + seen.numTodoTests;
    return { passed: seen.numPassedTests, failed, skipped, failures: failuresIn(seen) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One thing that either holds or does not, beside the test files. */
export const single = (ok) => (ok ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });
