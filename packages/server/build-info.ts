/**
 * What the programs say of themselves: version, revision, and the Prometheus version whose behaviour they
 * follow.
 */

/** Facts about this build. */
export const buildInfo = {
  /** The version of Prometheus that clients may take us for. */
  version: "3.14.0",
  revision: "narthex-0.1.0",
  branch: "HEAD",
  buildUser: "narthex",
  buildDate: "",
  goVersion: "",
} as const;

/** The text that `--version` prints for a program of the Prometheus family. */
export function versionText(program: string): string {
  const { version, branch, revision } = buildInfo;
  return [
    `${program}, version ${version} (branch: ${branch}, revision: ${revision})`,
    `  build user:       ${buildInfo.buildUser}`,
    `  build date:       ${buildInfo.buildDate}`,
    `  go version:       none (Node.js)`,
    `  platform:         ${processPlatform()}`,
    `  tags:             narthex`,
  ].join("\n");
}

function processPlatform(): string {
  return `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
}
