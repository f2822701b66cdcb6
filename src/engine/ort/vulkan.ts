import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** What WebGPU stands on under Linux. */
export interface Vulkan {
  /** Whether libvulkan.so.1, which finds the drivers, can be loaded. */
  readonly loader: boolean;
  /** Description files of drivers, those that exist. */
  readonly drivers: readonly string[];
}

/** Looks for the Vulkan loader and drivers in the places where the loader looks; null where WebGPU needs no Vulkan. */
export function findVulkan(): Vulkan | null {
  if (process.platform !== "linux") return null;
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  return {
    loader: canLoad("libvulkan.so.1"),
    drivers: named?.split(delimiter).filter(existsSync) ?? installedDrivers(),
  };
}

/** `findVulkan` in words. */
export function describeVulkan(): string {
  const vulkan = findVulkan();
  if (vulkan === null) return "the system offers none";
  const { loader, drivers } = vulkan;
  return `the Vulkan loader libvulkan.so.1 is ${loader ? "there" : "missing"}, drivers: ${drivers.join(", ") || "none"}`;
}

function installedDrivers(): string[] {
  const data = process.env.XDG_DATA_HOME || join(homedir(), ".local", "share");
  return ["/etc", "/usr/local/share", "/usr/share", data]
    .map((folder) => join(folder, "vulkan", "icd.d"))
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(".json"));
}

/** Node loads any library, then complains that it is no module of its own. */
function canLoad(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch (error) {
    return (error as Error).message.startsWith("Module did not self-register");
  }
}
