import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { createEngine } from "../../src/engine/create.ts";

/** Where Chromium and Chrome are; with them comes SwiftShader, a Vulkan device in software. */
const BROWSERS = [
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/opt/google/chrome",
];

/** Of dlopen on Linux: the library stays when Node, which wanted a module of its own, closes it. */
const RTLD_NODELETE = 0x1000;

/**
 * Why no WebGPU device can be opened in this process; null when one can: that of VK_ICD_FILENAMES, else SwiftShader. To be
 * called before onnxruntime-node opens one.
 */
export async function whyNoWebgpu(): Promise<string | null> {
  process.env.VK_ICD_FILENAMES ??= BROWSERS.map((folder) => join(folder, "vk_swiftshader_icd.json")).find(existsSync);
  const driver = process.env.VK_ICD_FILENAMES;
  if (driver === undefined) return "VK_ICD_FILENAMES is not set, and no Chromium with SwiftShader was found";
  loadVulkanBeside(driver);
  try {
    await createEngine({ name: "ort", providers: ["webgpu"], threads: 1, products: "fp32", backend: "auto" });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Chromium brings the Vulkan loader too, where the system's loader of libraries does not look. */
function loadVulkanBeside(driver: string): void {
  const loader = join(dirname(driver), "libvulkan.so.1");
  if (!existsSync(loader)) return;
  try {
    process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // It is loaded, and it is no module of Node's.
  }
}
