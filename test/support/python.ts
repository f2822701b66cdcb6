import { execFile } from "node:child_process";
import { promisify } from "node:util";

const PYTHON = process.env.AMLC_PYTHON ?? "python3";
const execute = promisify(execFile);

/** Why the peers in Python cannot be asked; undefined when all packages are there. */
export async function whyNoPython(packages: readonly string[]): Promise<string | undefined> {
  const find = `import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ${JSON.stringify(packages)})))`;
  return execute(PYTHON, ["-c", find]).then(
    () => undefined,
    () => `${PYTHON} has not all of ${packages.join(", ")}; AMLC_PYTHON names one that has`,
  );
}

/** Runs Python, kept from the hub, and gives what it printed. */
export async function python(args: readonly string[], { cwd }: { cwd?: string } = {}): Promise<string> {
  const env = { ...process.env, HF_HUB_OFFLINE: "1" };
  const { stdout } = await execute(PYTHON, [...args], { env, cwd, maxBuffer: 2 ** 24 });
  return stdout;
}
